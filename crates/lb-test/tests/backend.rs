//! The HTTP backend, spoken to over plain sockets.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use lb_test::{Backend, Respond};

/// Sends one request on a connection that stays open, and reads the status and the body.
struct Client(BufReader<TcpStream>);

impl Client {
    fn new(backend: &Backend) -> Self {
        let stream = TcpStream::connect(backend.address()).unwrap();
        // Waited for only by a test that fails.
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self(BufReader::new(stream))
    }

    fn send(&mut self, request: &str) {
        self.0.get_mut().write_all(request.as_bytes()).unwrap();
    }

    fn receive(&mut self) -> io::Result<(u16, String)> {
        let (mut status, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
            status = status.or_else(|| line.split(' ').nth(1).and_then(|status| status.parse().ok()));
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok((status.unwrap(), String::from_utf8(body).unwrap()))
    }

    fn get(&mut self) -> io::Result<(u16, String)> {
        self.send("GET /path HTTP/1.1\r\nHost: service.example\r\n\r\n");
        self.receive()
    }
}

#[test]
fn it_answers_with_its_name_over_a_connection_that_stays_open() {
    let backend = Backend::start("blue").unwrap();
    let events = backend.events();
    let mut client = Client::new(&backend);
    for _ in 0..3 {
        assert_eq!(client.get().unwrap(), (200, "blue".into()));
    }
    assert_eq!((backend.requests(), backend.in_flight()), (3, 0));
    let request = events.recv().unwrap();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/path"));
    assert_eq!(request.host.as_deref(), Some("service.example"));
}

#[test]
fn bodies_are_read_so_that_the_next_request_is_found() {
    let backend = Backend::start("blue").unwrap();
    let mut client = Client::new(&backend);
    client.send("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello");
    assert_eq!(client.receive().unwrap().0, 200);
    assert_eq!(client.get().unwrap().0, 200);
}

#[test]
fn connection_close_is_honoured() {
    let backend = Backend::start("blue").unwrap();
    let mut client = Client::new(&backend);
    client.send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_eq!(client.receive().unwrap().0, 200);
    assert_eq!(client.receive().unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn it_fails_with_the_status_it_is_told() {
    let backend = Backend::start("blue").unwrap();
    let mut client = Client::new(&backend);
    for (told, sent) in [(500, 500), (503, 503), (99, 500), (204, 204)] {
        backend.respond(Respond::Status(told));
        assert_eq!(client.get().unwrap().0, sent);
    }
    backend.respond(Respond::Ok);
    assert_eq!(client.get().unwrap().0, 200);
}

#[test]
fn it_hangs_until_it_is_told_otherwise() {
    let backend = Backend::start("blue").unwrap();
    let events = backend.events();
    backend.respond(Respond::Hang);
    let mut client = Client::new(&backend);
    client.send("GET / HTTP/1.1\r\n\r\n");
    events.recv().unwrap();
    assert_eq!(backend.in_flight(), 1);
    backend.respond(Respond::Ok);
    assert_eq!(client.receive().unwrap().0, 200);
    assert_eq!(backend.in_flight(), 0);
}

#[test]
fn it_answers_late_or_at_once_when_it_is_told_otherwise() {
    let backend = Backend::start("blue").unwrap();
    let (events, late) = (backend.events(), Duration::from_millis(20));
    backend.respond(Respond::After(late));
    let mut client = Client::new(&backend);
    #[expect(clippy::disallowed_methods, reason = "what it tests is how long an answer takes")]
    let started = std::time::Instant::now();
    assert_eq!(client.get().unwrap(), (200, "blue".into()));
    assert!(started.elapsed() >= late);
    events.recv().unwrap();

    // Longer than the client waits.
    backend.respond(Respond::After(Duration::from_secs(3600)));
    client.send("GET / HTTP/1.1\r\n\r\n");
    events.recv().unwrap();
    backend.respond(Respond::Hang);
    assert_eq!(backend.in_flight(), 1);
    backend.respond(Respond::Status(503));
    assert_eq!(client.receive().unwrap().0, 503);
}

#[test]
fn it_dies_without_an_answer() {
    let backend = Backend::start("blue").unwrap();
    backend.respond(Respond::Die);
    assert_eq!(Client::new(&backend).get().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(backend.requests(), 1);
}

#[test]
fn it_refuses_and_comes_back_on_the_same_port() {
    let backend = Backend::start("blue").unwrap();
    let mut client = Client::new(&backend);
    client.get().unwrap();
    backend.refuse();
    backend.refuse();
    client.receive().unwrap_err();
    assert_eq!(TcpStream::connect(backend.address()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    backend.accept().unwrap();
    backend.accept().unwrap();
    assert_eq!(Client::new(&backend).get().unwrap().0, 200);
}

#[test]
fn refusing_cuts_a_request_in_flight() {
    let backend = Backend::start("blue").unwrap();
    let events = backend.events();
    backend.respond(Respond::Hang);
    let mut client = Client::new(&backend);
    client.send("GET / HTTP/1.1\r\n\r\n");
    events.recv().unwrap();
    backend.refuse();
    client.receive().unwrap_err();
}

#[test]
fn dropping_it_frees_the_port_with_requests_in_flight() {
    let backend = Backend::start("blue").unwrap();
    let events = backend.events();
    backend.respond(Respond::Hang);
    let mut client = Client::new(&backend);
    client.send("GET / HTTP/1.1\r\n\r\n");
    events.recv().unwrap();
    let address = backend.address();
    drop(backend);
    TcpListener::bind(address).unwrap();
}

#[test]
fn nonsense_ends_the_connection_and_nothing_else() {
    let backend = Backend::start("blue").unwrap();
    for nonsense in
        ["hello\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"]
    {
        let mut client = Client::new(&backend);
        client.send(nonsense);
        client.receive().unwrap_err();
    }
    assert_eq!(backend.requests(), 0);
    assert_eq!(Client::new(&backend).get().unwrap().0, 200);
}
