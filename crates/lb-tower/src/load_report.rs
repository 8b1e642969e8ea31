//! What a server says of its load, in a header of each response.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use lb_core::Reported;

/// The name of the header: `lb-load`.
pub const LOAD_HEADER: HeaderName = HeaderName::from_static("lb-load");

/// The longest value that is read, in bytes.
const LONGEST: usize = 128;

/// The highest utilisation that is written and read.
const HIGHEST: f64 = 1e6;

/// Why the value of an [`lb-load`](LOAD_HEADER) header is no report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidReport {
    value: String,
    rule: &'static str,
}

impl fmt::Display for InvalidReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lb-load: {:?} {}", self.value, self.rule)
    }
}

impl std::error::Error for InvalidReport {}

/// The value of the header for a report: `v1` and what the report has of `in-flight` (a number), `utilisation` (the share
/// of the capacity that is in use, with up to four decimals) and `latency` (in whole microseconds), parted by `;`. `None`:
/// it has nothing.
///
/// ```
/// use lb_core::Reported;
/// use lb_tower::{read_report, report_value};
///
/// let value = report_value(&Reported::new().with_in_flight(12).with_utilisation(0.7)).unwrap();
/// assert_eq!(value, "v1;in-flight=12;utilisation=0.7");
/// assert_eq!(read_report(value.to_str().unwrap()).unwrap().in_flight(), Some(12));
/// ```
pub fn report_value(report: &Reported) -> Option<HeaderValue> {
    let in_flight = report.in_flight().map(|count| format!(";in-flight={count}"));
    let utilisation =
        report.utilisation().map(|used| format!(";utilisation={}", (used.min(HIGHEST) * 1e4).round() / 1e4));
    let latency = report.latency().map(|latency| format!(";latency={}", latency.as_micros()));
    let parts: String = [in_flight, utilisation, latency].into_iter().flatten().collect();
    if parts.is_empty() { None } else { HeaderValue::try_from(format!("v1{parts}")).ok() }
}

/// The report that the value of an [`lb-load`](LOAD_HEADER) header has. Names that are not known are passed over, so that
/// servers may say more one day. Cost: one pass, no allocation.
///
/// # Errors
///
/// When the value is longer than 128 bytes, of another version than `v1`, or a number is none or out of its range.
pub fn read_report(value: &str) -> Result<Reported, InvalidReport> {
    let invalid = |rule| InvalidReport { value: value.chars().take(LONGEST).collect(), rule };
    if value.len() > LONGEST {
        return Err(invalid("is longer than 128 bytes"));
    }
    let mut parts = value.split(';').map(str::trim);
    if parts.next() != Some("v1") {
        return Err(invalid("does not begin with the version, v1"));
    }
    let mut report = Reported::new();
    for part in parts.filter(|part| !part.is_empty()) {
        let (name, number) = part.split_once('=').ok_or_else(|| invalid("has a part without ="))?;
        report = match name {
            "in-flight" => {
                report.with_in_flight(number.parse().map_err(|_| invalid("has an in-flight that is no u32"))?)
            }
            "utilisation" => {
                let used: f64 = number.parse().map_err(|_| invalid("has a utilisation that is no number"))?;
                if !(0.0..=HIGHEST).contains(&used) {
                    return Err(invalid("has a utilisation that is not from 0 to 1,000,000"));
                }
                report.with_utilisation(used)
            }
            "latency" => {
                let micros = number.parse().map_err(|_| invalid("has a latency that is no u64"))?;
                report.with_latency(Duration::from_micros(micros))
            }
            _ => report,
        };
    }
    Ok(report)
}

/// The report in these headers, if there is one that can be read. A server that says nonsense is one that says nothing.
pub fn report_of(headers: &HeaderMap) -> Option<Reported> {
    read_report(headers.get(LOAD_HEADER)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let all = Reported::new().with_in_flight(u32::MAX).with_utilisation(1.25);
        for report in [
            all.with_latency(Duration::from_micros(12_345)),
            all,
            Reported::new().with_latency(Duration::ZERO),
            Reported::new().with_utilisation(0.0),
            Reported::new().with_utilisation(HIGHEST),
        ] {
            let value = report_value(&report).unwrap();
            assert_eq!(read_report(value.to_str().unwrap()), Ok(report), "{value:?}");
        }
        assert_eq!(report_value(&Reported::new()), None);
        // Found by the fuzzer: it would be longer than what is read.
        assert_eq!(report_value(&Reported::new().with_utilisation(1e300)).unwrap(), "v1;utilisation=1000000");
    }

    #[test]
    fn what_is_no_report_is_refused_by_the_rule() {
        let long = format!("v1;{}", "x".repeat(126));
        for (value, rule) in [
            ("", "version"),
            ("v2;in-flight=1", "version"),
            ("v1;in-flight", "without ="),
            ("v1;in-flight=-1", "no u32"),
            ("v1;in-flight=4294967296", "no u32"),
            ("v1;utilisation=NaN", "not from 0"),
            ("v1;utilisation=-0.1", "not from 0"),
            ("v1;utilisation=1e999", "not from 0"),
            ("v1;utilisation=1e7", "not from 0"),
            ("v1;latency=1.5", "no u64"),
            (long.as_str(), "longer"),
        ] {
            let error = read_report(value).unwrap_err().to_string();
            assert!(error.contains(rule), "{value}: {error}");
        }
        assert_eq!(read_report("v1").unwrap(), Reported::new());
        assert_eq!(read_report("v1; in-flight=3 ;sun=shines").unwrap().in_flight(), Some(3));
    }
}
