//! The instance metadata service, version 2.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

/// Serves a role's keys on this machine, and returns the address.
pub(crate) fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(&stream));
        }
    });
    format!("http://{address}")
}

/// Answers the calls of one connection.
fn answer(mut stream: &TcpStream) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            match reader.read_line(&mut line) {
                Ok(1..) if line.trim().is_empty() => break,
                Ok(1..) => head.push(line.trim().to_lowercase()),
                _ => return,
            }
        }
        let first = head.first().cloned().unwrap_or_default();
        let has_token = head
            .iter()
            .any(|line| line == "x-aws-ec2-metadata-token: a-token");
        let (status, body) = match first.split(' ').collect::<Vec<_>>()[..] {
            ["put", "/latest/api/token", _] => ("200 OK", "a-token".to_owned()),
            ["get", _, _] if !has_token => ("401 Unauthorized", String::new()),
            ["get", "/latest/meta-data/iam/security-credentials/", _] => {
                ("200 OK", "host".to_owned())
            }
            ["get", "/latest/meta-data/iam/security-credentials/host", _] => ("200 OK", keys()),
            _ => ("404 Not Found", String::new()),
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn keys() -> String {
    r#"{"Code":"Success","LastUpdated":"2026-11-30T00:00:00Z","Type":"AWS-HMAC","AccessKeyId":"ASIAEXAMPLE",
        "SecretAccessKey":"secret","Token":"token","Expiration":"2999-01-01T00:00:00Z"}"#
        .to_owned()
}
