//! Text for a person: colours on a terminal, none in a file or a pipe.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

#[derive(Clone, Copy)]
pub(crate) enum Paint {
    Bold,
    Dim,
    Red,
    Green,
}

pub(crate) struct Screen {
    colours: bool,
}

impl Screen {
    /// Standard output. `NO_COLOR` (no-color.org) is respected.
    pub(crate) fn stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colours: io::stdout().is_terminal() && !unwanted }
    }

    pub(crate) fn paint(&self, paint: Paint, text: &str) -> String {
        if !self.colours {
            return text.to_owned();
        }
        let code = match paint {
            Paint::Bold => 1,
            Paint::Dim => 2,
            Paint::Red => 31,
            Paint::Green => 32,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

pub(crate) fn print(line: &str) {
    // If nobody reads any more, the requests go on all the same.
    let _ = writeln!(io::stdout(), "{}", line.trim_end());
}

/// `1234567` as `1,234,567`.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A part of a whole, in whole per cent.
pub(crate) fn percent(part: usize, whole: usize) -> String {
    format!("{} %", (100 * part + whole / 2) / whole.max(1))
}

/// Milliseconds with two decimals.
pub(crate) fn milliseconds(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{:.2} ms", time.as_secs_f64() * 1e3))
}
