//! What a job can reach through a mount of one of the host's paths.

use std::path::{Component, Path, PathBuf};

/// The symbolic links of Amazon Linux 2023 that lead to a path of one of the lists below.
const LINKS: [(&str, &str); 5] = [
    ("/var/run", "/run"),
    ("/bin", "/usr/bin"),
    ("/sbin", "/usr/sbin"),
    ("/lib", "/usr/lib"),
    ("/lib64", "/usr/lib64"),
];

/// The sockets of daemons that run as root and do what a client asks for. A read-only mount does not prevent that.
const SOCKETS: [&str; 8] = [
    "/run/docker.sock",
    "/run/docker/containerd/containerd.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/crio/crio.sock",
    "/run/dbus/system_bus_socket",
    "/run/systemd/private",
    "/run/systemd/system",
];

/// What root's programs, units, jobs and kernel settings are read from: who writes there becomes root.
const ROOTS_OWN: [&str; 9] = [
    "/boot",
    "/dev",
    "/etc",
    "/proc",
    "/root",
    "/sys",
    "/usr",
    "/var/lib",
    "/var/spool",
];

/// Paths of which Amazon Linux and nex's user data put nothing on a host: what is there is for jobs.
const FOR_JOBS: [&str; 2] = ["/mnt", "/srv"];

/// Public data that every image has as well. A job may read it, and must not write it.
const PUBLIC: [&str; 5] = [
    "/etc/localtime",
    "/etc/pki/ca-trust/extracted",
    "/etc/pki/tls/certs",
    "/etc/ssl/certs",
    "/usr/share/zoneinfo",
];

/// What a job can reach through a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Nothing that belongs to the host.
    Nothing,
    /// Files of the host.
    Files,
    /// Root on the host.
    Root,
}

/// A mount of a path of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostMount<'a> {
    /// The host's path, as the spec writes it.
    pub(crate) source: &'a str,
    /// What a job can reach.
    pub(crate) reach: Reach,
}

impl<'a> HostMount<'a> {
    /// The mount of a volume as Docker writes it; `None` for a volume without a path of the host.
    pub(crate) fn of(volume: &'a str) -> Option<Self> {
        let (source, rest) = volume.split_once(':')?;
        // Docker takes any other word for the name of a volume.
        if !source.starts_with('/') {
            return None;
        }
        let options = rest.split_once(':').map_or("", |(_, options)| options);
        let read_only = options.split(',').any(|option| option == "ro");
        let reach = reach(&normal(source), read_only);
        Some(Self { source, reach })
    }
}

fn reach(path: &Path, read_only: bool) -> Reach {
    let holds = |list: &[&str]| list.iter().any(|entry| Path::new(entry).starts_with(path));
    let is_below = |list: &[&str]| list.iter().any(|entry| path.starts_with(entry));
    let reaches = |list: &[&str]| holds(list) || is_below(list);
    if is_below(&FOR_JOBS) || (read_only && is_below(&PUBLIC)) {
        Reach::Nothing
    } else if reaches(&SOCKETS) || (!read_only && reaches(&ROOTS_OWN)) {
        Reach::Root
    } else {
        Reach::Files
    }
}

/// The path without `.`, `..`, double slashes and the links of the host.
fn normal(source: &str) -> PathBuf {
    let mut path = PathBuf::new();
    for component in Path::new(source).components() {
        match component {
            Component::ParentDir => {
                path.pop();
            }
            component => path.push(component),
        }
    }
    let target = LINKS.iter().find_map(|(link, target)| {
        let rest = path.strip_prefix(link).ok()?;
        Some(Path::new(target).join(rest))
    });
    target.unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(volume: &str) -> Option<Reach> {
        HostMount::of(volume).map(|mount| mount.reach)
    }

    #[test]
    fn every_way_to_write_a_path_that_gives_root_is_seen() {
        for volume in [
            "/var/run/docker.sock:/var/run/docker.sock",
            "/run/docker.sock:/s:ro",
            "//var/run/docker.sock:/var/run/docker.sock",
            "/var/./run/docker.sock:/s",
            "/srv/../var/run/docker.sock:/s",
            "/var/run:/var/run",
            "/run/:/host-run:ro",
            "/run/containerd/containerd.sock:/s",
            "/run/dbus/system_bus_socket:/s",
            "/:/host",
            "/:/host:ro",
            "/..:/host",
            "/etc:/host-etc",
            "/etc/gitlab-runner/config.toml:/c",
            "/proc:/host-proc",
            "/proc/1/root:/host:rw",
            "/sys:/sys",
            "/dev:/dev",
            "/bin:/host-bin",
            "/usr/share/zoneinfo:/z",
            "/var/lib/docker:/d",
            "/var:/host-var:rslave",
        ] {
            assert_eq!(of(volume), Some(Reach::Root), "{volume}");
        }
    }

    #[test]
    fn other_paths_of_the_host_are_files_of_the_host() {
        for volume in [
            "/etc:/host-etc:ro",
            "/proc:/host-proc:ro",
            "/home/ec2-user:/h",
            "/tmp:/tmp",
            "/opt/tools:/opt/tools:ro",
            "/data:/data",
            "/var/log:/logs:ro,z",
            "/srvx:/x",
        ] {
            assert_eq!(of(volume), Some(Reach::Files), "{volume}");
        }
    }

    #[test]
    fn what_holds_nothing_of_the_host_is_fine() {
        for volume in [
            "/srv/cache:/cache",
            "/mnt:/mnt",
            "/etc/ssl/certs:/etc/ssl/certs:ro",
            "/usr/share/zoneinfo/Europe:/z:ro,z",
        ] {
            assert_eq!(of(volume), Some(Reach::Nothing), "{volume}");
        }
        for volume in ["/cache", "cache:/cache", "/var/run/docker.sock"] {
            assert_eq!(of(volume), None, "{volume}");
        }
    }
}
