//! The command line.

use std::net::SocketAddr;

use crate::strategy::{self, Strategy};

pub(crate) fn usage() -> String {
    let strategies = strategy::names("\n              ");
    format!(
        "\
usage: cargo run --example quickstart -- [--strategy STRATEGY]
           [--name NAME [--server IP:PORT]...]

  --strategy  {strategies}
  --name      the SRV name of HTTP instances, say _http._tcp.example.
  --server    a DNS server to ask, say 127.0.0.1:5353; several are tried in
              turn; none means the system's

Without a name it starts HTTP backends and a DNS server of its own on loopback."
    )
}

pub(crate) struct Args {
    pub(crate) target: Target,
    pub(crate) strategy: Strategy,
}

/// Whose instances get the requests.
pub(crate) enum Target {
    /// Those that the program starts itself.
    Demo,
    /// Those that a name leads to.
    Name { name: String, servers: Vec<SocketAddr> },
    /// None: only the usage is asked for.
    Help,
}

pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Args, String> {
    let (mut name, mut servers, mut strategy) = (None, Vec::new(), Strategy::default());
    let mut args = args.into_iter();
    while let Some(flag) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{flag} needs a value"));
        match flag.as_str() {
            "--name" => name = Some(value()?),
            "--server" => servers.push(server(&value()?)?),
            "--strategy" => strategy = Strategy::named(&value()?)?,
            "--help" | "-h" => return Ok(Args { target: Target::Help, strategy }),
            _ => return Err(format!("unknown argument {flag:?}")),
        }
    }
    let target = match name {
        Some(name) => Target::Name { name, servers },
        None if servers.is_empty() => Target::Demo,
        None => return Err("--server needs --name: which name shall the server be asked for?".to_owned()),
    };
    Ok(Args { target, strategy })
}

fn server(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| format!("--server {text:?} is not IP:PORT, say 127.0.0.1:5353 or [::1]:53"))
}
