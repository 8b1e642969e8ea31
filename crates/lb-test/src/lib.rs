//! A test kit: scripted publisher, counting factory, in-process DNS server, HTTP backends, contract suites.
