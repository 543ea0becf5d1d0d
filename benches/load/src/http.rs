//! A small HTTP/1.1 keep-alive client: cheap enough that one core can load a server that has another.
//! It speaks to 127.0.0.1 only, and reads bodies by `Content-Length` or `chunked`.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection to 127.0.0.1, opened at the first request and again when the server closed it.
pub struct Connection {
    port: u16,
    stream: Option<TcpStream>,
    out: String,
    buffer: Vec<u8>,
}

/// A request; the caller owns the texts.
#[derive(Clone, Copy, Default)]
pub struct Request<'a> {
    /// Path and query.
    pub target: &'a str,
    /// `Authorization` value, or empty.
    pub authorization: &'a str,
    /// `Cookie` value, or empty.
    pub cookie: &'a str,
    /// `Origin` value, or empty.
    pub origin: &'a str,
    /// Further headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// A form body makes it a POST.
    pub form: Option<&'a str>,
}

/// What the scenarios look at in an answer.
#[derive(Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub location: String,
    /// `Set-Cookie` values up to the first `;`, and whether each one deletes its cookie.
    pub cookies: Vec<(String, bool)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text, for error messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// What the head of an answer says about the rest of it.
#[derive(Default)]
struct Framing {
    length: usize,
    chunked: bool,
    close: bool,
}

impl Connection {
    pub fn new(port: u16) -> Self {
        Self { port, stream: None, out: String::new(), buffer: Vec::with_capacity(16 * 1024) }
    }

    /// Drops the connection, so that the next request opens a new one.
    pub fn reset(&mut self) {
        self.stream = None;
    }

    /// Sends one request and reads its answer.
    pub async fn send(&mut self, request: Request<'_>) -> Result<Answer> {
        self.write_head(request);
        let mut stream = if let Some(stream) = self.stream.take() {
            stream
        } else {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?;
            stream.set_nodelay(true)?;
            stream
        };
        stream.write_all(self.out.as_bytes()).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.more(&mut stream).await.with_context(|| format!("reading the answer to {}", request.target))?;
        };
        let (mut answer, framing) = parse_head(self.buffer.get(..head).unwrap_or_default())?;
        if framing.chunked {
            loop {
                if let Some(body) = unchunk(self.buffer.get(head..).unwrap_or_default())? {
                    answer.body = body;
                    break;
                }
                self.more(&mut stream).await?;
            }
        } else {
            while self.buffer.len() < head + framing.length {
                self.more(&mut stream).await?;
            }
            answer.body = self.buffer.get(head..head + framing.length).unwrap_or_default().to_vec();
        }
        if !framing.close {
            self.stream = Some(stream);
        }
        Ok(answer)
    }

    fn write_head(&mut self, request: Request<'_>) {
        let out = &mut self.out;
        out.clear();
        let method = if request.form.is_some() { "POST" } else { "GET" };
        // Writing into a String cannot fail.
        let _ = write!(out, "{method} {} HTTP/1.1\r\nHost: localhost:{}\r\nAccept: */*\r\n", request.target, self.port);
        let own = [("Authorization", request.authorization), ("Cookie", request.cookie), ("Origin", request.origin)];
        for (name, value) in own.iter().chain(request.headers) {
            if !value.is_empty() {
                let _ = write!(out, "{name}: {value}\r\n");
            }
        }
        if let Some(form) = request.form {
            let _ =
                write!(out, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}", form.len());
        } else {
            out.push_str("\r\n");
        }
    }

    async fn more(&mut self, stream: &mut TcpStream) -> Result<()> {
        if stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection after {} bytes of an answer", self.buffer.len());
        }
        Ok(())
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn parse_head(head: &[u8]) -> Result<(Answer, Framing)> {
    let text = std::str::from_utf8(head).context("an answer's head is not UTF-8")?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let mut answer = Answer { status: status.context("no HTTP status line")?, ..Answer::default() };
    let mut framing = Framing::default();
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            framing.length = value.parse().context("Content-Length")?;
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            framing.chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("connection") {
            framing.close = value.eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("location") {
            value.clone_into(&mut answer.location);
        } else if name.eq_ignore_ascii_case("set-cookie") {
            let (pair, attributes) = value.split_once(';').unwrap_or((value, ""));
            let deletes = attributes.split(';').any(|part| part.trim().eq_ignore_ascii_case("max-age=0"));
            answer.cookies.push((pair.trim().to_owned(), deletes));
        }
    }
    Ok((answer, framing))
}

/// The body of a chunked message, or `None` while the last chunk has not come.
fn unchunk(mut rest: &[u8]) -> Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    loop {
        let Some(end) = find(rest, b"\r\n") else {
            return Ok(None);
        };
        let (line, after) = rest.split_at(end);
        let digits = std::str::from_utf8(line)?.split(';').next().unwrap_or_default();
        let size = usize::from_str_radix(digits.trim(), 16).context("a chunk's size")?;
        let (Some(data), true) = (after.get(2..2 + size), after.len() >= size + 4) else {
            return Ok(None);
        };
        if size == 0 {
            return Ok(Some(body));
        }
        body.extend_from_slice(data);
        rest = after.get(size + 4..).unwrap_or_default();
    }
}

/// A browser's cookies for one host.
#[derive(Clone, Default)]
pub struct Jar {
    pairs: Vec<String>,
    header: String,
}

impl Jar {
    /// Applies an answer's `Set-Cookie` headers.
    pub fn apply(&mut self, answer: &Answer) {
        for (pair, deletes) in &answer.cookies {
            let name = pair.split('=').next().unwrap_or_default();
            self.pairs.retain(|old| old.split('=').next() != Some(name));
            if !deletes {
                self.pairs.push(pair.clone());
            }
            self.header = self.pairs.join("; ");
        }
    }

    /// What a browser still has when its session is over: the mark that somebody has signed in there before.
    #[must_use]
    pub fn returning(&self) -> Self {
        let kept = |pair: &&String| pair.starts_with("vestibule_remembered=");
        let pairs: Vec<String> = self.pairs.iter().filter(kept).cloned().collect();
        Self { header: pairs.join("; "), pairs }
    }

    /// The `Cookie` header's value; empty without cookies.
    pub fn header(&self) -> &str {
        &self.header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_and_incomplete_ones_waited_for() -> Result<()> {
        let whole = b"4\r\nabcd\r\n3;x=y\r\nefg\r\n0\r\n\r\n";
        assert_eq!(unchunk(whole)?.as_deref(), Some(&b"abcdefg"[..]));
        for length in 0..whole.len() {
            assert_eq!(unchunk(&whole[..length])?, None, "{length} bytes");
        }
        Ok(())
    }

    #[test]
    fn a_jar_replaces_and_deletes() -> Result<()> {
        let mut jar = Jar::default();
        for (head, expected) in [
            ("HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=2\r\n\r\n", "a=1; b=2"),
            ("HTTP/1.1 303 See Other\r\nset-cookie: a=3; HttpOnly\r\n\r\n", "b=2; a=3"),
            ("HTTP/1.1 200 OK\r\nset-cookie: b=; Max-Age=0; Path=/\r\n\r\n", "a=3"),
        ] {
            jar.apply(&parse_head(head.as_bytes())?.0);
            assert_eq!(jar.header(), expected);
        }
        Ok(())
    }
}
