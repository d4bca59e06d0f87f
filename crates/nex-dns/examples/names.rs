//! Reads a section of TOML and prints its canonical names, its problems and its warnings:
//! `cargo run --example names < dns.toml`.
#![allow(clippy::print_stdout)]

use std::io::Read as _;

use nex_dns::Spec;
use nex_dns::edge;
use nex_dns::spec::Hosts;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let spec: Spec = toml::from_str(&text)?;
    for name in spec.names() {
        println!("{name}");
    }
    for problem in spec.validate("nex-staging") {
        println!("problem: {problem}");
    }
    for warning in spec.warnings(Hosts::default()) {
        println!(
            "{}: {}: {}",
            warning.severity, warning.subject, warning.message
        );
    }
    let networks = edge::built_in();
    println!(
        "edge: {} IPv4 and {} IPv6 networks as of {}",
        networks.ipv4.len(),
        networks.ipv6.len(),
        edge::BUILT_IN_AS_OF
    );
    Ok(())
}
