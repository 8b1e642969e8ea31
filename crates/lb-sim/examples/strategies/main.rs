//! Draws what the strategies do, and prints the tables of the docs page "Which strategy?":
//!
//! `cargo run --release -p lb-sim --example strategies -- docs/strategies`
//!
//! The argument is the directory of the pictures, which is made if it is not there; `target/strategies` without one. Half
//! a minute on two cores.

mod chart;
mod keys;
mod percentiles;
mod tables;
mod time_lines;

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).unwrap_or_else(|| "target/strategies".to_owned());
    let directory = PathBuf::from(directory);
    std::fs::create_dir_all(&directory)?;
    tables::print()?;
    percentiles::draw(&directory)?;
    time_lines::draw(&directory)?;
    keys::draw(&directory)?;
    println!("pictures: {}", directory.display());
    Ok(())
}
