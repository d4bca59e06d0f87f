//! The upload of an archive in parts. It goes on after an interruption.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use nex_host::Cause;
use serde::{Deserialize, Serialize};

use super::{size, write};
use crate::cloud::Destination;
use crate::failure::Failure;
use crate::host::Host;
use crate::root::Root;

/// Where an upload under way is kept.
const PATH: &str = "/var/lib/nex/upload.json";

/// The most parts of an upload, and the smallest and the largest part in bytes: a part is in memory as a whole.
/// Source of the number: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>.
const PARTS: u64 = 10_000;
const SMALLEST: u64 = 16 * 1024 * 1024;
const LARGEST: u64 = 48 * 1024 * 1024;

/// An upload under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Upload {
    archive: PathBuf,
    /// The archive's size.
    bytes: u64,
    to: Destination,
    id: String,
    /// The tags of the parts that are done, in their order.
    tags: Vec<String>,
}

/// The archive whose upload was interrupted; `None` if no upload was interrupted, or if the archive has changed since.
pub(super) fn interrupted(root: &Root) -> Result<Option<PathBuf>, Failure> {
    let upload = load(root)?.filter(|upload| size(&upload.archive).ok() == Some(upload.bytes));
    Ok(upload.map(|upload| upload.archive))
}

/// Uploads an archive, or the rest of it, and returns its size.
pub(super) async fn run(host: &Host<'_>, archive: &Path, to: &Destination) -> Result<u64, Failure> {
    let bytes = size(archive)?;
    let part = part_size(bytes)?;
    let is_same =
        |upload: &Upload| upload.archive == archive && upload.bytes == bytes && upload.to == *to;
    let mut upload = match load(host.root)?.filter(is_same) {
        Some(upload) => upload,
        None => Upload {
            archive: archive.to_owned(),
            bytes,
            to: to.clone(),
            id: host.cloud.begin_upload(to).await?,
            tags: vec![],
        },
    };
    write(host.root, PATH, &upload)?;
    let file = File::open(archive).map_err(Failure::file("open the archive"))?;
    while (upload.tags.len() as u64) < bytes.div_ceil(part).max(1) {
        let start = upload.tags.len() as u64 * part;
        let length = usize::try_from(part.min(bytes - start)).unwrap_or_default();
        let mut content = vec![0; length];
        file.read_exact_at(&mut content, start)
            .map_err(Failure::file("read the archive"))?;
        let number = i32::try_from(upload.tags.len() + 1).unwrap_or(i32::MAX);
        let tag = host
            .cloud
            .upload_part(to, &upload.id, number, content)
            .await;
        upload
            .tags
            .push(tag.inspect_err(|failure| forget_if_gone(host, failure))?);
        write(host.root, PATH, &upload)?;
    }
    let finished = host.cloud.finish_upload(to, &upload.id, &upload.tags).await;
    finished.inspect_err(|failure| forget_if_gone(host, failure))?;
    forget(host);
    Ok(bytes)
}

/// A part's size in bytes: as small as the number of parts allows.
fn part_size(bytes: u64) -> Result<u64, Failure> {
    let part = bytes.div_ceil(PARTS).max(SMALLEST);
    if part <= LARGEST {
        Ok(part)
    } else {
        let text = format!(
            "the archive has {bytes} bytes; at most {} can be uploaded",
            PARTS * LARGEST
        );
        Err(Failure::new(Cause::Other, text))
    }
}

/// An upload that AWS does not know any more starts afresh at the next run.
fn forget_if_gone(host: &Host<'_>, failure: &Failure) {
    if failure.text.contains("NoSuchUpload") || failure.text.contains("InvalidPart") {
        forget(host);
    }
}

fn forget(host: &Host<'_>) {
    // A file that stays leads to one more upload of the same archive.
    let _ = fs::remove_file(host.root.path(PATH));
}

fn load(root: &Root) -> Result<Option<Upload>, Failure> {
    let text = root.read(PATH)?;
    Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stay_in_memory_and_within_their_number() {
        assert_eq!(part_size(0).ok(), Some(SMALLEST));
        for bytes in [1, 160_000_000_000, 300_000_000_000, PARTS * LARGEST] {
            let part = part_size(bytes).expect("a size");
            assert!(
                part <= 64 * 1000 * 1000 && bytes.div_ceil(part) <= PARTS,
                "{bytes}"
            );
        }
        let failure = part_size(PARTS * LARGEST + 1).expect_err("too large");
        assert!(
            failure
                .text
                .ends_with("at most 503316480000 can be uploaded"),
            "{failure}"
        );
    }
}
