//! dnsmasq and knot, the real programs. `cargo test -p lb-dnssrv --test real_servers -- --include-ignored`
