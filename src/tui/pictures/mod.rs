//! Pictures in a terminal: leaves, numbers, days and bytes, as widgets of plain data; they read and keep nothing.

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
