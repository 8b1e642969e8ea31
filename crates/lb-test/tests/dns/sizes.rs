use lb_test::{Behaviour, DnsServer, Glue, Record};

use crate::client::{ask, ask_tcp};

const SERVICE: &str = "_http._tcp.example.";

fn server_with(count: u16) -> DnsServer {
    let server = DnsServer::start().unwrap();
    let records = (0..count).map(|n| Record::srv(0, 1, n + 1, &format!("instance-{n:04}.example.")));
    server.set(SERVICE, records);
    server
}

#[test]
fn a_thousand_records_are_truncated_over_udp_and_whole_over_tcp() {
    let server = server_with(1000);
    let cut = ask(server.address(), SERVICE, Some(4096));
    assert!(cut.metadata.truncation);
    assert!((50..1000).contains(&cut.answers.len()), "{}", cut.answers.len());
    assert!(cut.edns.is_some());
    let whole = ask_tcp(server.address(), SERVICE);
    assert!(!whole.metadata.truncation);
    assert_eq!(whole.answers.len(), 1000);
}

#[test]
fn the_payload_a_client_asks_for_is_honoured() {
    let server = server_with(60);
    for (payload, whole) in [(None, false), (Some(100), false), (Some(1232), false), (Some(4096), true)] {
        let response = ask(server.address(), SERVICE, payload);
        let size = response.to_vec().unwrap().len();
        assert_eq!(response.metadata.truncation, !whole, "{payload:?}");
        assert_eq!(response.answers.len() == 60, whole, "{payload:?}");
        assert!(size <= usize::from(payload.unwrap_or(512).max(512)), "{payload:?}: {size} bytes");
        assert_eq!(response.edns.is_some(), payload.is_some());
    }
}

#[test]
fn glue_that_does_not_fit_is_left_out_without_a_word() {
    let server = server_with(20);
    for n in 0..20 {
        server.set(&format!("instance-{n:04}.example."), [Record::a([127, 0, 0, n])]);
    }
    server.glue(Glue::Attach);
    let small = ask(server.address(), SERVICE, Some(1000));
    assert!(!small.metadata.truncation);
    assert_eq!((small.answers.len(), small.additionals.len()), (20, 0));
    let large = ask(server.address(), SERVICE, Some(4096));
    assert_eq!((large.answers.len(), large.additionals.len()), (20, 20));
}

#[test]
fn an_answer_can_be_cut_without_saying_so() {
    let server = server_with(60);
    server.behave(Behaviour::Cut);
    for (payload, range) in [(None, 3..=3), (Some(1232), 10..=40), (Some(4096), 60..=60)] {
        let response = ask(server.address(), SERVICE, payload);
        assert!(!response.metadata.truncation, "{payload:?}");
        assert!(range.contains(&response.answers.len()), "{payload:?}: {}", response.answers.len());
    }
    assert_eq!(ask_tcp(server.address(), SERVICE).answers.len(), 60);
}
