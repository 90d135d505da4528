//! Writers of the documents that other tools read, for checks and drills alike: HTML, JUnit XML, figures in SVG.

pub mod html;
pub mod junit;
pub mod markup;
pub(in crate::ops) mod svg;
