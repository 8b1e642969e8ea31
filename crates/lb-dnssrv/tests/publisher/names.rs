//! Which names are asked for.

use std::path::PathBuf;

use lb_dnssrv::{DnsSrvBuilder, DnsSrvPublisher};
use lb_test::{Behaviour, DnsServer, Rcode, Record};

use crate::support::{AMPLE, NAME, Ticked, addresses, asking_all, chain, factory, server};

/// A resolv.conf of a test's own.
struct ResolvConf(PathBuf);

impl ResolvConf {
    fn new(test: &str, lines: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lb-dnssrv-{}-{test}.conf", std::process::id()));
        let file = Self(path);
        file.write(lines);
        file
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.0, text).expect("the file can be written");
    }
}

impl Drop for ResolvConf {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

fn relative(server: &DnsServer, conf: &ResolvConf) -> DnsSrvBuilder {
    asking_all("_http._tcp.web", [server.address()]).resolv_conf(&conf.0)
}

fn set(server: &DnsServer, name: &str, target: &str) {
    server.set(name, [Record::srv(0, 1, 80, target)]);
}

fn names_asked(server: &DnsServer) -> Vec<String> {
    server.queries().into_iter().map(|query| query.name).collect()
}

#[test]
fn an_absolute_name_is_asked_as_it_is() {
    let (server, conf) =
        (server(&["a."]), ResolvConf::new("absolute", "search corp.test\noptions ndots:9\n"));
    let publisher =
        asking_all(NAME, [server.address()]).resolv_conf(&conf.0).build(factory).expect("it starts");
    assert_eq!(addresses(&publisher), ["a:80"]);
    assert_eq!(names_asked(&server), [NAME]);
}

#[test]
fn upper_case_names_are_asked_and_answered() {
    let server = server(&["a."]);
    for name in ["_HTTP._Tcp.Example.", "_HTTP._TCP.EXAMPLE"] {
        let publisher = asking_all(name, [server.address()]).build(factory).expect("it starts");
        assert_eq!(addresses(&publisher), ["a:80"]);
    }
}

#[test]
fn along_the_search_list_the_first_name_with_records_wins() {
    let server = DnsServer::start().expect("a DNS server starts");
    let conf = ResolvConf::new("search", "search a.test b.test c.test\noptions ndots:5\n");
    set(&server, "_http._tcp.web.b.test.", "b.");
    set(&server, "_http._tcp.web.c.test.", "c.");
    let publisher = relative(&server, &conf).build(factory).expect("it starts");
    assert_eq!(addresses(&publisher), ["b:80"]);
    assert_eq!(names_asked(&server), ["_http._tcp.web.a.test.", "_http._tcp.web.b.test."]);
}

#[test]
fn with_enough_dots_the_name_itself_comes_first() {
    let server = DnsServer::start().expect("a DNS server starts");
    let conf = ResolvConf::new("ndots", "search a.test\n");
    set(&server, "_http._tcp.web.", "itself.");
    set(&server, "_http._tcp.web.a.test.", "completed.");
    let publisher = relative(&server, &conf).build(factory).expect("it starts");
    assert_eq!(addresses(&publisher), ["itself:80"]);
}

#[test]
fn servfail_is_not_masked_by_a_later_nxdomain() {
    let server = DnsServer::start().expect("a DNS server starts");
    let conf = ResolvConf::new("masked", "search a.test b.test\noptions ndots:5\n");
    server.behave_for("_http._tcp.web.a.test.", Behaviour::Fail(Rcode::ServFail));
    let error = chain(&relative(&server, &conf).build(factory).expect_err("a.test could not be asked"));
    assert!(error.contains("SERVFAIL") && error.contains("_http._tcp.web.a.test."), "{error}");
    assert_eq!(server.queries().len(), 3, "the others were asked");
}

#[test]
fn no_such_name_anywhere_is_an_empty_answer() {
    let server = DnsServer::start().expect("a DNS server starts");
    let conf = ResolvConf::new("nowhere", "search a.test\n");
    let builder = relative(&server, &conf).on_empty(lb_dnssrv::OnEmpty::Empty);
    let publisher = builder.build(factory).expect("nothing is an answer");
    assert!(addresses(&publisher).is_empty());
    assert_eq!(names_asked(&server), ["_http._tcp.web.", "_http._tcp.web.a.test."]);
}

#[test]
fn resolv_conf_is_read_again_when_it_changes() {
    let server = DnsServer::start().expect("a DNS server starts");
    let conf = ResolvConf::new("changes", "search a.test\noptions ndots:5\n");
    set(&server, "_http._tcp.web.a.test.", "a.");
    set(&server, "_http._tcp.web.b.test.", "b.");
    let mut ticked = Ticked::build(relative(&server, &conf));
    assert_eq!(ticked.addresses(), ["a:80"]);
    // The same length, and perhaps the same second: only the contents tell.
    conf.write("search b.test\noptions ndots:5\n");
    ticked.tick(1);
    assert_eq!(ticked.addresses(), ["b:80"]);
}

#[test]
fn a_missing_resolv_conf_is_an_error_that_names_it() {
    let builder = DnsSrvPublisher::builder(NAME).timeout(AMPLE).resolv_conf("/nonexistent/resolv.conf");
    let error = chain(&builder.build(factory).expect_err("there are no servers"));
    assert!(error.contains("/nonexistent/resolv.conf") && error.contains("No such file"), "{error}");
}

#[test]
fn a_resolv_conf_that_appears_later_is_used_and_one_that_vanishes_leaves_the_last_set() {
    let server = DnsServer::start().expect("a DNS server starts");
    set(&server, "_http._tcp.web.a.test.", "a.");
    let conf = ResolvConf::new("appears", "");
    std::fs::remove_file(&conf.0).expect("it can be removed");
    let mut ticked = Ticked::build(relative(&server, &conf).on_empty(lb_dnssrv::OnEmpty::Empty));
    assert!(ticked.addresses().is_empty());
    conf.write("search a.test\n");
    ticked.tick(1);
    assert_eq!(ticked.addresses(), ["a:80"]);
    std::fs::remove_file(&conf.0).expect("it can be removed");
    ticked.tick(1);
    assert_eq!(ticked.addresses(), ["a:80"]);
}
