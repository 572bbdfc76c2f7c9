//! The server's REST routes as a client that waits: one request after the other.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::clock;

/// How long one answer may take: a checkpoint writes everybody.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long a connection may have been idle and is still used: the server lets go of one after some seconds.
const IDLE_NS: u64 = 1_000_000_000;

/// A connection of someone.
pub(crate) struct Rest {
    address: SocketAddr,
    token: String,
    tcp: BufReader<TcpStream>,
    /// When it was used last.
    used_ns: u64,
    /// Part of the keys of its requests, which two connections never share.
    begun_ns: u64,
    made: u32,
}

impl Rest {
    /// Connects; `token` is what every request carries.
    pub(crate) fn new(address: SocketAddr, token: String) -> Result<Self> {
        Ok(Self {
            address,
            token,
            tcp: connect(address)?,
            used_ns: clock::now_ns(),
            begun_ns: clock::now_ns(),
            made: 0,
        })
    }

    /// `GET`, answered with JSON.
    pub(crate) fn get(&mut self, path: &str) -> Result<Value> {
        let text = self.ask("GET", path, None)?;
        serde_json::from_str(&text).with_context(|| format!("GET {path} answers {text}"))
    }

    /// `GET`, answered with a text.
    pub(crate) fn text(&mut self, path: &str) -> Result<String> {
        self.ask("GET", path, None)
    }

    /// `PUT` or `POST`, answered with JSON.
    pub(crate) fn send(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let text = self.ask(method, path, body)?;
        serde_json::from_str(&text).with_context(|| format!("{method} {path} answers {text}"))
    }

    fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<String> {
        if clock::now_ns() > self.used_ns + IDLE_NS {
            self.tcp = connect(self.address)?;
        }
        let (host, token) = (self.address, &self.token);
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        );
        if method != "GET" {
            self.made += 1;
            let (begun, key, length) = (self.begun_ns, self.made, body.len());
            request +=
                &format!("Idempotency-Key: swarm-{begun}-{key}\r\nContent-Length: {length}\r\n");
        }
        if !body.is_empty() {
            request += "Content-Type: application/json\r\n";
        }
        request += "\r\n";
        request += &body;
        self.tcp.get_mut().write_all(request.as_bytes())?;
        let (status, text) = answer(&mut self.tcp).with_context(|| format!("{method} {path}"))?;
        self.used_ns = clock::now_ns();
        if !(200..300).contains(&status) {
            bail!("{method} {path} answers {status} {text}");
        }
        Ok(text)
    }
}

fn connect(address: SocketAddr) -> Result<BufReader<TcpStream>> {
    let tcp = TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
    tcp.set_read_timeout(Some(PATIENCE))?;
    tcp.set_nodelay(true)?;
    Ok(BufReader::new(tcp))
}

/// The status and the body of the next answer.
fn answer(tcp: &mut BufReader<TcpStream>) -> Result<(u16, String)> {
    let status = line(tcp)?;
    let status = status.split(' ').nth(1).and_then(|word| word.parse().ok());
    let status = status.context("it is no HTTP")?;
    let (mut length, mut is_chunked) = (0, false);
    loop {
        let header = line(tcp)?.to_ascii_lowercase();
        match header.split_once(':') {
            None => break,
            Some(("content-length", value)) => length = value.trim().parse()?,
            Some(("transfer-encoding", value)) => is_chunked = value.trim() == "chunked",
            Some(_) => {}
        }
    }
    let body = if is_chunked {
        chunks(tcp)?
    } else {
        exactly(tcp, length)?
    };
    Ok((status, String::from_utf8(body)?))
}

fn line(tcp: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    if tcp.read_line(&mut line)? == 0 {
        bail!("the server closed the connection");
    }
    Ok(line.trim_end().to_owned())
}

fn exactly(tcp: &mut BufReader<TcpStream>, length: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    tcp.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn chunks(tcp: &mut BufReader<TcpStream>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let length = usize::from_str_radix(&line(tcp)?, 16).context("a chunk's length")?;
        body.extend(exactly(tcp, length)?);
        line(tcp)?;
        if length == 0 {
            return Ok(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A server that answers each request with the next of these.
    fn serving(answers: Vec<&'static str>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (tcp, _) = listener.accept().unwrap();
            let mut tcp = BufReader::new(tcp);
            for answer in answers {
                while !line(&mut tcp).unwrap().is_empty() {}
                tcp.get_mut().write_all(answer.as_bytes()).unwrap();
            }
        });
        address
    }

    #[test]
    fn answers_of_a_length_and_in_chunks_are_read_whole() {
        let address = serving(vec![
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"b\r\n4\r\n\":2}\r\n0\r\n\r\n",
        ]);
        let mut rest = Rest::new(address, "t".into()).unwrap();
        assert_eq!(rest.get("/a").unwrap()["a"], 1);
        assert_eq!(rest.get("/b").unwrap()["b"], 2);
    }

    #[test]
    fn a_refusal_is_told_with_its_words() {
        let address = serving(vec![
            "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
        ]);
        let mut rest = Rest::new(address, "t".into()).unwrap();
        let told = rest.get("/a").unwrap_err().to_string();
        assert_eq!(told, "GET /a answers 404 no");
    }
}
