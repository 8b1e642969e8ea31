use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{RData, RecordType};
use lb_test::{DnsServer, Glue, Kind, Record, Transport};

use crate::client::{ID, ask, ask_kind, ask_tcp};

const SERVICE: &str = "_http._tcp.example.";

#[test]
fn srv_records_come_with_every_field_over_udp_and_tcp() {
    let server = DnsServer::start().unwrap();
    server.set(SERVICE, [Record::srv(1, 20, 8080, "Host.example.").with_ttl(7)]);
    for response in [ask(server.address(), SERVICE, None), ask_tcp(server.address(), SERVICE)] {
        assert_eq!(response.metadata.id, ID);
        assert_eq!(response.metadata.response_code, ResponseCode::NoError);
        assert!(!response.metadata.truncation);
        let [record] = response.answers.as_slice() else { panic!("{response}") };
        assert_eq!(record.ttl, 7);
        let RData::SRV(srv) = &record.data else { panic!("{record}") };
        assert_eq!((srv.priority, srv.weight, srv.port), (1, 20, 8080));
        assert_eq!(srv.target.to_string(), "Host.example.", "the case is kept");
    }
}

#[test]
fn names_are_compared_without_regard_to_case_and_final_dot() {
    let server = DnsServer::start().unwrap();
    server.set("_HTTP._tcp.Example", [Record::srv(0, 0, 1, ".")]);
    let response = ask(server.address(), "_http._TCP.eXample.", None);
    assert_eq!(response.answers.len(), 1);
    assert_eq!(
        response.answers[0].name.to_string(),
        "_http._TCP.eXample.",
        "the owner is as it was asked for"
    );
    assert_eq!(server.count("_http._tcp.EXAMPLE."), 1);
}

#[test]
fn a_server_on_ipv6_answers_over_udp_and_tcp() {
    let server = DnsServer::start_v6().unwrap();
    assert!(server.address().is_ipv6());
    server.set(SERVICE, [Record::srv(0, 1, 80, "a.example.")]);
    assert_eq!(ask(server.address(), SERVICE, None).answers.len(), 1);
    assert_eq!(ask_tcp(server.address(), SERVICE).answers.len(), 1);
}

#[test]
fn addresses_are_answered_by_type() {
    let server = DnsServer::start().unwrap();
    server.set("a.example.", [Record::a([127, 0, 0, 1]), Record::aaaa([0, 0, 0, 0, 0, 0, 0, 1])]);
    let v4 = ask_kind(server.address(), "a.example.", RecordType::A, None);
    let v6 = ask_kind(server.address(), "a.example.", RecordType::AAAA, None);
    assert_eq!(v4.answers.iter().map(|record| record.data.to_string()).collect::<Vec<_>>(), ["127.0.0.1"]);
    assert_eq!(v6.answers.iter().map(|record| record.data.to_string()).collect::<Vec<_>>(), ["::1"]);
}

#[test]
fn a_chain_of_cnames_is_followed_in_one_answer() {
    let server = DnsServer::start().unwrap();
    server.set(SERVICE, [Record::cname("one.example.")]);
    server.set("one.example.", [Record::cname("two.example.")]);
    server.set("two.example.", [Record::srv(0, 1, 80, "a.example.")]);
    let types: Vec<_> = ask(server.address(), SERVICE, None)
        .answers
        .iter()
        .map(hickory_proto::rr::Record::record_type)
        .collect();
    assert_eq!(types, [RecordType::CNAME, RecordType::CNAME, RecordType::SRV]);
    let alias = ask_kind(server.address(), SERVICE, RecordType::CNAME, None);
    assert_eq!(alias.answers.len(), 1);
}

#[test]
fn a_ring_of_cnames_is_answered() {
    let server = DnsServer::start().unwrap();
    server.set(SERVICE, [Record::cname(SERVICE)]);
    let response = ask(server.address(), SERVICE, Some(4096));
    assert!(response.answers.iter().all(|record| record.record_type() == RecordType::CNAME));
    assert_eq!(response.authorities.len(), 1, "there are no SRV records");
}

#[test]
fn an_unknown_name_is_nxdomain_and_a_known_one_without_records_is_nodata() {
    let server = DnsServer::start().unwrap();
    server.set(SERVICE, []);
    let unknown = ask(server.address(), "other.example.", None);
    assert_eq!(unknown.metadata.response_code, ResponseCode::NXDomain);
    for name in [SERVICE, "_tcp.example."] {
        let empty = ask(server.address(), name, None);
        assert_eq!(empty.metadata.response_code, ResponseCode::NoError, "{name}");
        assert!(empty.answers.is_empty());
    }
    server.remove(SERVICE);
    assert_eq!(ask(server.address(), SERVICE, None).metadata.response_code, ResponseCode::NXDomain);
}

#[test]
fn the_negative_ttl_is_that_of_the_soa_record() {
    let server = DnsServer::start().unwrap();
    server.negative_ttl(Some(3));
    let response = ask(server.address(), SERVICE, None);
    let [record] = response.authorities.as_slice() else { panic!("{response}") };
    let RData::SOA(soa) = &record.data else { panic!("{record}") };
    assert_eq!((record.ttl, soa.minimum), (3, 3));
    server.negative_ttl(None);
    assert!(ask(server.address(), SERVICE, None).authorities.is_empty());
}

#[test]
fn glue_is_sent_when_asked_for() {
    let server = DnsServer::start().unwrap();
    server.set(SERVICE, [Record::srv(0, 1, 80, "a.example."), Record::srv(0, 1, 81, "a.example.")]);
    server.set("a.example.", [Record::a([127, 0, 0, 1]), Record::aaaa([0, 0, 0, 0, 0, 0, 0, 1])]);
    for (glue, count) in [(Glue::Omit, 0), (Glue::Attach, 2), (Glue::Repeat, 4)] {
        server.glue(glue);
        assert_eq!(ask(server.address(), SERVICE, None).additionals.len(), count, "{glue:?}");
    }
}

#[test]
fn records_change_while_it_runs() {
    let server = DnsServer::start().unwrap();
    for count in [0, 3, 1] {
        server.set(SERVICE, (0..count).map(|port| Record::srv(0, 1, port, "a.example.")));
        assert_eq!(ask(server.address(), SERVICE, None).answers.len(), usize::from(count));
    }
}

#[test]
fn queries_are_counted_and_told() {
    let server = DnsServer::start().unwrap();
    let events = server.events();
    ask(server.address(), "A.example.", Some(1232));
    ask_tcp(server.address(), "a.example.");
    ask_kind(server.address(), "b.example.", RecordType::TXT, None);
    assert_eq!(server.count("a.example."), 2);
    assert_eq!(server.count("c.example."), 0);
    let told: Vec<_> = events.try_iter().collect();
    assert_eq!(told, server.queries());
    assert_eq!(told[0].name, "a.example.");
    assert_eq!(
        told.iter().map(|query| query.kind).collect::<Vec<_>>(),
        [Kind::Srv, Kind::Srv, Kind::Other(16)]
    );
    let transports: Vec<_> = told.iter().map(|query| query.transport).collect();
    assert_eq!(transports, [Transport::Udp, Transport::Tcp, Transport::Udp]);
    assert_eq!(told.iter().map(|query| query.edns_payload).collect::<Vec<_>>(), [Some(1232), None, None]);
}

#[test]
#[should_panic(expected = "is not a domain name")]
fn a_malformed_name_fails_where_it_is_written() {
    let _ = Record::srv(0, 0, 80, &"x".repeat(64));
}
