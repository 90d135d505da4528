//! Pictures as terminal widgets of plain data: leaves, charts, days and bytes.

mod aperture;
mod chart;
mod day;
mod draw;
mod hex;
#[cfg(test)]
mod tests;

pub use self::aperture::AperturePicture;
pub use self::chart::ChartPicture;
pub use self::day::DayPicture;
pub use self::hex::HexPicture;
