use std::net::{TcpListener, UdpSocket};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use hickory_proto::rr::RecordType;
use lb_test::{Behaviour, DnsServer, Record};

use crate::client::{ask, query, receive_tcp, send_tcp, tcp, udp};

const SERVICE: &str = "_http._tcp.example.";

/// Fails instead of hanging when `work` does not end.
fn ends(work: impl FnOnce() + Send + 'static) {
    let (done, waiting) = mpsc::channel();
    thread::spawn(move || {
        work();
        done.send(())
    });
    waiting.recv_timeout(Duration::from_secs(20)).expect("it ends");
}

#[test]
fn dropping_it_frees_the_port() {
    let server = DnsServer::start().unwrap();
    let address = server.address();
    ask(address, SERVICE, None);
    ends(move || drop(server));
    UdpSocket::bind(address).unwrap();
    TcpListener::bind(address).unwrap();
}

#[test]
fn dropping_it_ends_open_connections_and_held_queries() {
    let server = DnsServer::start().unwrap();
    let events = server.events();
    server.behave_for("slow.example.", Behaviour::Delay(Duration::from_secs(3600)));
    server.pause();
    let (idle, held, socket) = (tcp(server.address()), tcp(server.address()), udp(server.address()));
    send_tcp(&held, SERVICE);
    socket.send(&query(SERVICE, RecordType::SRV, None)).unwrap();
    socket.send(&query("slow.example.", RecordType::SRV, None)).unwrap();
    assert_eq!(events.iter().take(3).count(), 3);
    let address = server.address();
    ends(move || drop(server));
    assert!(receive_tcp(&idle).is_err());
    assert!(receive_tcp(&held).is_err());
    UdpSocket::bind(address).unwrap();
}

#[test]
fn it_comes_back_on_the_port_it_had() {
    let server = DnsServer::start().unwrap();
    let address = server.address();
    drop(server);
    let server = DnsServer::bind(address).unwrap();
    server.set(SERVICE, [Record::srv(0, 1, 80, "a.example.")]);
    assert_eq!(ask(address, SERVICE, None).answers.len(), 1);
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let server = DnsServer::start().unwrap();
    assert!(DnsServer::bind(server.address()).is_err());
}

#[test]
fn many_clients_at_once_are_all_answered() {
    let server = DnsServer::start().unwrap();
    server.set(SERVICE, [Record::srv(0, 1, 80, "a.example.")]);
    let address = server.address();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(move || {
                for _ in 0..50 {
                    assert_eq!(ask(address, SERVICE, None).answers.len(), 1);
                }
            });
        }
    });
    assert_eq!(server.count(SERVICE), 400);
}
