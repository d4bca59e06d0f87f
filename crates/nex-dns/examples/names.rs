//! Reads a section of TOML and says its canonical names and what is wrong: `cargo run --example names < dns.toml`.
#![allow(clippy::print_stdout)]

use std::io::Read as _;

use nex_dns::{Hosts, Spec};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let spec: Spec = toml::from_str(&text)?;
    for name in spec.names() {
        println!("{name}");
    }
    for problem in spec.problems("staging") {
        println!("wrong: {problem}");
    }
    for hazard in spec.hazards(Hosts::default()) {
        println!("{}: {}: {}", hazard.level, hazard.subject, hazard.message);
    }
    let edge = nex_dns::edge::built_in();
    println!(
        "edge: {} IPv4 and {} IPv6 networks as of {}",
        edge.ipv4.len(),
        edge.ipv6.len(),
        edge.as_of
    );
    Ok(())
}
