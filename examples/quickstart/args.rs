//! The command line.

use std::net::SocketAddr;

pub(crate) const USAGE: &str = "\
usage: cargo run --example quickstart
       cargo run --example quickstart -- --name NAME [--server IP:PORT]...

  --name    the SRV name of HTTP instances, say _http._tcp.example.
  --server  a DNS server to ask, say 127.0.0.1:5353; several are tried in turn;
            none means the system's

Without a name it starts HTTP backends and a DNS server of its own on loopback.";

/// Whose instances get the requests.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Those that the program starts itself.
    Demo,
    /// Those that a name leads to.
    Name { name: String, servers: Vec<SocketAddr> },
    /// None: only the usage is asked for.
    Help,
}

pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Target, String> {
    let (mut name, mut servers) = (None, Vec::new());
    let mut args = args.into_iter();
    while let Some(flag) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
        match flag.as_str() {
            "--name" => name = Some(value()?),
            "--server" => servers.push(server(&value()?)?),
            "--help" | "-h" => return Ok(Target::Help),
            _ => return Err(format!("unknown argument {flag:?}")),
        }
    }
    match name {
        Some(name) => Ok(Target::Name { name, servers }),
        None if servers.is_empty() => Ok(Target::Demo),
        None => Err("--server needs --name: which name shall the server be asked for?".to_owned()),
    }
}

fn server(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("--server {text:?} is not IP:PORT, say 127.0.0.1:5353 or [::1]:53"))
}
