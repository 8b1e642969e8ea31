//! Five servers on loopback, of which two answer.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{MethodRouter, get};
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::sleep;

pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) does: &'static str,
    pub(crate) address: String,
    /// Of the one that refuses: bound, so that nobody else gets the port.
    _socket: Option<TcpSocket>,
}

pub(crate) async fn start() -> io::Result<[Server; 5]> {
    let answer = async || sleep(Duration::from_millis(5)).await;
    Ok([
        serve("red", "answers", get(answer)).await?,
        serve("green", "answers", get(answer)).await?,
        serve("blue", "answers 503", get(async || StatusCode::SERVICE_UNAVAILABLE)).await?,
        serve("gold", "never answers", get(pending::<()>)).await?,
        refuse("grey", "refuses connections")?,
    ])
}

async fn serve(name: &'static str, does: &'static str, handler: MethodRouter) -> io::Result<Server> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tokio::spawn(axum::serve(listener, Router::new().route("/", handler)).into_future());
    Ok(Server { name, does, address, _socket: None })
}

fn refuse(name: &'static str, does: &'static str) -> io::Result<Server> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = socket.local_addr()?.to_string();
    Ok(Server { name, does, address, _socket: Some(socket) })
}
