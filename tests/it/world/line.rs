//! The line between a node and its PostgreSQL, which can go silent: nothing is closed, and nothing arrives any more, as when a host vanishes or a
//! firewall forgets.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use vestibule::store::Location;

use super::Place;

pub struct Line {
    /// The database by way of the line.
    pub place: Place,
    silent: watch::Sender<bool>,
}

impl Line {
    pub async fn to(place: &Place) -> Self {
        let Location::Postgres { url, max_connections } = &place.location else { panic!("a file is at the end of no line") };
        let mut url: url::Url = url.parse().unwrap();
        let far = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let near = listener.local_addr().unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(near.port())).unwrap();
        let location = Location::Postgres { url: url.to_string(), max_connections: *max_connections };
        let mut place = place.clone();
        place.location = location;
        let (silent, heard) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let (far, heard) = (far.clone(), heard.clone());
                tokio::spawn(async move {
                    let Ok(there) = TcpStream::connect(far).await else { return };
                    let ((here_read, here_write), (there_read, there_write)) = (here.into_split(), there.into_split());
                    let back = tokio::spawn(forward(there_read, here_write, heard.clone()));
                    forward(here_read, there_write, heard).await;
                    let _ended = back.await;
                });
            }
        });
        Self { place, silent }
    }

    /// From now on nothing gets through, and nobody is told.
    pub fn silence(&self) {
        self.silent.send_replace(true);
    }

    /// Everything gets through again, what waited too.
    pub fn speak(&self) {
        self.silent.send_replace(false);
    }
}

async fn forward(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut silent: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
        if silent.wait_for(|silent| !silent).await.is_err() || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
