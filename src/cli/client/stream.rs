//! One WebSocket: upgrade, send, receive. Pings are answered as a side effect of receiving, so whoever holds a stream
//! must keep receiving.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
};

use super::{Address, ClientError, Frame, Welcome};
use crate::protocol::form::Form;

/// The JSON form of the protocol.
pub const SUBPROTOCOL: &str = Form::Json.subprotocol();
/// The library's own default costs 128 KiB a socket.
const READ_BUFFER_BYTES: usize = 4_096;
/// Close code of a connection that broke without one (RFC 6455).
const ABNORMAL_CLOSE: u16 = 1006;

/// An open socket.
pub struct Stream {
    ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Stream {
    /// Upgrades a connection to `server` (`http://host:port` or `https://host:port`) with a JWT.
    ///
    /// # Errors
    /// [`ClientError::Problem`] when the server refuses the upgrade, [`ClientError::Transport`] when it is not there.
    pub async fn connect(server: &str, token: &str) -> Result<Self, ClientError> {
        Self::connect_to(&Address::of(server)?, token).await
    }

    /// The same for an address that is known already.
    ///
    /// # Errors
    /// As [`Stream::connect`].
    pub async fn connect_to(server: &Address, token: &str) -> Result<Self, ClientError> {
        let url = format!("{}/v1/stream", server.ws());
        let mut request = url.into_client_request().map_err(broken)?;
        let bearer = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| ClientError::Address("token with characters of no token".into()))?;
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        let protocol = HeaderValue::from_static(SUBPROTOCOL);
        request
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
        let tls = server.tls().cloned();
        let connector = tls.map_or(Connector::Plain, Connector::Rustls);
        let opening = connect_async_tls_with_config(request, Some(config), true, Some(connector));
        let opened = opening.await;
        opened.map(|(ws, _)| Self { ws }).map_err(broken)
    }

    /// Says hello and waits for the welcome.
    ///
    /// # Errors
    /// [`ClientError::Problem`] for an `error` frame, else as [`Stream::next`].
    pub async fn hello(&mut self, hello: &Value) -> Result<Welcome, ClientError> {
        self.send(hello.to_string()).await?;
        match self.next().await? {
            Frame::Welcome(welcome) => Ok(welcome),
            Frame::Error(e) => Err(ClientError::Problem {
                what: "hello".into(),
                status: 0,
                code: e.code,
                detail: e.detail,
            }),
            other => Err(ClientError::Answer {
                what: "hello".into(),
                detail: other.kind().into(),
            }),
        }
    }

    /// Sends one text frame.
    ///
    /// # Errors
    /// [`ClientError::Transport`] when the connection is gone.
    pub async fn send(&mut self, text: String) -> Result<(), ClientError> {
        self.ws.send(Message::text(text)).await.map_err(broken)
    }

    /// The next frame. Safe to drop while it waits.
    ///
    /// # Errors
    /// [`ClientError::Closed`] with the close code, 1006 for a connection that broke; [`ClientError::Answer`] for a
    /// frame that is not of the protocol.
    pub async fn next(&mut self) -> Result<Frame, ClientError> {
        loop {
            match self.ws.next().await {
                Some(Ok(Message::Text(text))) => return Frame::parse(&text),
                Some(Ok(Message::Close(close))) => {
                    let (code, reason) = close.map_or((1005, String::new()), |close| {
                        (u16::from(close.code), close.reason.to_string())
                    });
                    return Err(ClientError::Closed { code, reason });
                }
                Some(Ok(_ping_or_pong)) => {}
                Some(Err(e)) => return Err(lost(&e.to_string())),
                None => return Err(lost("the connection ended")),
            }
        }
    }

    /// Closes with 1000 and waits until the server has agreed or is gone.
    pub async fn close(mut self) {
        if self.ws.close(None).await.is_ok() {
            while let Some(Ok(_)) = self.ws.next().await {}
        }
    }
}

/// The `hello` of a device; the caller adds what is special to it.
#[must_use]
pub fn device_hello(device: &str, outbox: &str, zone: &str, client_time_ms: i64) -> Value {
    json!({
        "type": "hello", "device_id": device, "outbox_id": outbox, "class": "band", "zone": zone,
        "client_time_ms": client_time_ms,
    })
}

fn lost(detail: &str) -> ClientError {
    ClientError::Closed {
        code: ABNORMAL_CLOSE,
        reason: detail.to_owned(),
    }
}

fn broken(error: WsError) -> ClientError {
    let what = "stream".to_owned();
    let WsError::Http(response) = error else {
        return ClientError::Transport {
            what,
            detail: error.to_string(),
        };
    };
    let status = response.status().as_u16();
    let body: Value = response
        .body()
        .as_deref()
        .and_then(|bytes| serde_json::from_slice(bytes).ok())
        .unwrap_or(Value::Null);
    let text = |name: &str| {
        body.get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    ClientError::Problem {
        what,
        status,
        code: text("code"),
        detail: text("detail"),
    }
}
