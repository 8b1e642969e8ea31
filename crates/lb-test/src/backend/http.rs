//! As much of HTTP/1.1 (RFC 9112) as a test needs.

use std::io::{self, BufRead, Read};

use super::Request;

/// A head that is longer is no test's.
const LONGEST_HEAD: u64 = 64 * 1024;

pub(super) struct Head {
    pub(super) request: Request,
    pub(super) close: bool,
    pub(super) chunked: bool,
    length: u64,
}

/// `None` at the end of the connection.
pub(super) fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Head>> {
    let mut reader = reader.take(LONGEST_HEAD);
    let Some(first) = read_line(&mut reader)? else { return Ok(None) };
    let mut words = first.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(invalid("the request line is not `METHOD target HTTP/1.1`"));
    };
    let request = Request { method: method.into(), target: target.into(), host: None };
    let mut head = Head { request, close: version != "HTTP/1.1", chunked: false, length: 0 };
    loop {
        let line = read_line(&mut reader)?.ok_or_else(|| invalid("the head ends early, or is too long"))?;
        if line.is_empty() {
            return Ok(Some(head));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid("a header line has no colon"))?;
        head.note(&name.to_ascii_lowercase(), value.trim())?;
    }
}

impl Head {
    fn note(&mut self, name: &str, value: &str) -> io::Result<()> {
        match name {
            "host" => self.request.host = Some(value.to_owned()),
            "content-length" => {
                self.length = value.parse().map_err(|_| invalid("Content-Length is not a number"))?;
            }
            // Where the body ends is not known, so nothing can follow it.
            "transfer-encoding" => (self.chunked, self.close) = (true, true),
            "connection" if value.eq_ignore_ascii_case("close") => self.close = true,
            _ => {}
        }
        Ok(())
    }
}

pub(super) fn skip_body(reader: &mut impl BufRead, head: &Head) -> io::Result<()> {
    let skipped = io::copy(&mut reader.take(head.length), &mut io::sink())?;
    if skipped == head.length { Ok(()) } else { Err(invalid("the body ends early")) }
}

pub(super) fn response(status: u16, body: &str, head: &Head) -> Vec<u8> {
    let reason = match status {
        200 => "OK",
        411 => "Length Required",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Told To",
    };
    let connection = if head.close { "Connection: close\r\n" } else { "" };
    // Statuses that forbid a body, and HEAD, end at the head.
    let sent = if head.request.method == "HEAD" || matches!(status, 204 | 304) { "" } else { body };
    let length = if status == 204 { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    format!("HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\n{length}{connection}\r\n{sent}")
        .into_bytes()
}

/// One line without its end; `None` at the end of what there is.
fn read_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let ended = line.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned());
    Ok(ended)
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
