//! The HTTP server: connections become requests for one application, and upgraded ones become streams.
//!
//! It is put together from the parts that `actix_web::HttpServer` is made of, because that one has no place for what is done with
//! an upgraded connection (ADR 0047). It knows no routes. Started by `run`.

mod carrier;
#[cfg(test)]
mod tests;

use std::{
    any::Any,
    convert::Infallible,
    fmt::Debug,
    io,
    net::{SocketAddr, TcpListener},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix_codec::{AsyncRead, AsyncWrite, Framed};
use actix_http::{
    Extensions, HttpService, Request, Response, TlsAcceptorConfig,
    body::{BoxBody, MessageBody},
    h1::{Codec, ExpectHandler},
};
use actix_service::{
    IntoServiceFactory, ServiceFactory, ServiceFactoryExt as _,
    boxed::{self, BoxServiceFactory},
    fn_factory, fn_service, map_config,
};
use actix_web::{
    Error,
    dev::{AppConfig, Server, ServiceResponse},
};
use futures_util::FutureExt as _;
use rustls::ServerConfig;
use socket2::{Domain, Protocol, Socket, Type};

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: i32 = 1024;

/// What is done with every accepted connection; what it puts into the extensions stays as long as the connection speaks HTTP.
pub type OnConnect = Arc<dyn Fn(&dyn Any, &mut Extensions) + Send + Sync>;

/// Times and bounds of connections.
#[derive(Clone)]
pub struct Settings {
    /// Threads that serve, each with its own application.
    pub workers: usize,
    /// Connections of one thread.
    pub connections_per_worker: usize,
    /// How long the head of a connection's first request may take.
    pub head_within: Duration,
    /// How long a connection may stay open without a request.
    pub idle_within: Duration,
    /// How long a connection that is closed may take to go.
    pub disconnect_within: Duration,
    /// How long a TLS handshake may take.
    pub handshake_within: Duration,
    /// Bytes of answers that may wait for one connection's kernel buffer before no more are made.
    pub write_buffer_bytes: usize,
    /// How long connections may take to end when the server is stopped, seconds.
    pub stop_within_s: u64,
    /// What is done with every accepted connection.
    pub on_connect: OnConnect,
    /// The certificate; without it nothing is encrypted.
    pub tls: Option<ServerConfig>,
}

#[cfg(test)]
impl Settings {
    /// One thread, and times that no test reaches.
    pub(crate) fn for_tests(on_connect: OnConnect) -> Self {
        Self {
            workers: 1,
            connections_per_worker: 100,
            head_within: Duration::from_secs(5),
            idle_within: Duration::from_secs(5),
            disconnect_within: Duration::from_secs(5),
            handshake_within: Duration::from_secs(5),
            write_buffer_bytes: 32 * 1024,
            stop_within_s: 1,
            on_connect,
            tls: None,
        }
    }
}

type Requests = BoxServiceFactory<(), Request, Response<BoxBody>, Response<BoxBody>, ()>;
type Upgrades<Io> = BoxServiceFactory<(), (Request, Framed<Io, Codec>), (), Infallible, ()>;

/// Listens, and starts the threads. `app` is called on each of them, more than once.
///
/// # Errors
/// Those of the system, when it does not let the address be used.
pub fn start<F, A, S, B>(
    address: SocketAddr,
    settings: Settings,
    app: F,
) -> io::Result<(Server, SocketAddr)>
where
    F: Fn() -> A + Clone + Send + 'static,
    A: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error>
        + 'static,
    S::InitError: Debug,
    B: MessageBody + 'static,
{
    let listener = listener(address)?;
    let address = listener.local_addr()?;
    let server = Server::build()
        .workers(settings.workers)
        .max_concurrent_connections(settings.connections_per_worker)
        .shutdown_timeout(settings.stop_within_s)
        .disable_signals();
    let requests = move || requests(app());
    let server = match settings.tls.clone() {
        None => server.listen("http", listener, move || {
            service(&settings, &requests).tcp()
        }),
        Some(tls) => server.listen("https", listener, move || {
            let within = settings.handshake_within;
            let acceptor = TlsAcceptorConfig::default().handshake_timeout(within);
            service(&settings, &requests).rustls_0_23_with_config(tls.clone(), acceptor)
        }),
    };
    Ok((server?.run(), address))
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    // A server that has just ended leaves connections behind, which must not keep the next one from starting.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The application, as a service of plain requests.
fn requests<A, S, B>(app: A) -> Requests
where
    A: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error>
        + 'static,
    S::InitError: Debug,
    B: MessageBody + 'static,
{
    let app = map_config(app.into_factory(), |()| AppConfig::default());
    let app = app.map(|answer: ServiceResponse<B>| Response::from(answer.map_into_boxed_body()));
    let app = app.map_err(|error: Error| Response::from(error.error_response()));
    boxed::factory(app.map_init_err(|error| {
        tracing::error!(?error, "the application cannot be made");
    }))
}

fn service<Io>(
    settings: &Settings,
    app: &(impl Fn() -> Requests + Clone + 'static),
) -> HttpService<Io, Requests, BoxBody, ExpectHandler, Upgrades<Io>>
where
    Io: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let on_connect = settings.on_connect.clone();
    HttpService::build()
        .keep_alive(settings.idle_within)
        .client_request_timeout(settings.head_within)
        .client_disconnect_timeout(settings.disconnect_within)
        .h1_write_buffer_size(settings.write_buffer_bytes)
        .on_connect_ext(move |io: &Io, extensions| on_connect(io, extensions))
        .upgrade(upgrades(app.clone(), settings.disconnect_within))
        .finish(app())
}

/// Requests for an upgrade go through the application like all others; what becomes of the connection is `carrier`'s.
fn upgrades<Io>(
    app: impl Fn() -> Requests + Clone + 'static,
    disconnect_within: Duration,
) -> Upgrades<Io>
where
    Io: AsyncRead + AsyncWrite + Unpin + 'static,
{
    boxed::factory(fn_factory(move || {
        let app = app.clone();
        async move {
            let app = Rc::new(app().new_service(()).await?);
            Ok::<_, ()>(fn_service(move |(request, framed)| {
                let carried = carrier::carry(app.clone(), request, framed, disconnect_within);
                carried.map(Ok::<_, Infallible>)
            }))
        }
    }))
}
