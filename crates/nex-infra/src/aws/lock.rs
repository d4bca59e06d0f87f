//! The lock of a deployment: one object in a bucket, which S3 lets only one run create.
//!
//! A run creates the object with `If-None-Match: *` and replaces it with `If-Match` while it works. S3 executes such a
//! call on one version of the object only, so that of two runs one always loses.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_types::date_time::DateTime;
use serde::{Deserialize, Serialize};

use super::error::if_found;
use super::{Aws, Error};
use crate::names::LOCK;

/// How often a run renews its lock.
pub const RENEWAL: Duration = Duration::from_secs(30);

/// A lock that was not renewed for this long was left behind by a run that crashed.
pub const EXPIRY: Duration = Duration::from_secs(120);

/// The lock of a deployment.
#[derive(Clone, Debug)]
pub struct Lock {
    aws: Arc<Aws>,
    bucket: String,
}

/// The run that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The operator's name.
    pub user: String,
    /// The name of the machine.
    pub host: String,
    /// The id of the process on that machine.
    pub process: u32,
    /// What the run does, such as `nex bootstrap staging`.
    pub command: String,
    /// When the run started, in seconds since 1970 (UTC).
    pub since: u64,
}

/// Which locks of other runs may be taken over.
#[derive(Clone, Copy)]
pub enum TakeOver<'a> {
    /// Locks that are older than [`EXPIRY`], and locks of a run that is known to have ended.
    LeftBehind(&'a (dyn Fn(&Holder) -> bool + Sync)),
    /// Every lock: the operator asked for that.
    Any,
}

/// What became of an attempt to get the lock.
#[derive(Debug)]
pub enum Attempt {
    /// This run has the lock.
    Held(HeldLock),
    /// This run has the lock of a run that ended without giving it back, or that had to give way. What that run did last
    /// may not be visible yet.
    TakenOver(HeldLock),
    /// Another run has the lock.
    Taken {
        /// The other run; `None` if the object is not a lock of nex.
        holder: Option<Holder>,
        /// How long ago the other run last renewed the lock.
        age: Duration,
    },
    /// The bucket does not exist.
    NoBucket,
}

/// A lock that this run has.
#[derive(Debug)]
pub struct HeldLock {
    lock: Lock,
    holder: Holder,
    /// The version of the object that this run wrote last.
    version: Mutex<String>,
}

/// What became of a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// This run still has the lock.
    Renewed,
    /// Another run took the lock over, or someone deleted it.
    Lost,
}

/// The condition under which S3 writes the lock.
enum Condition<'a> {
    /// The object does not exist.
    Absent,
    /// The object is this version.
    Version(&'a str),
}

impl Lock {
    /// The lock in `bucket`.
    pub fn new(aws: Arc<Aws>, bucket: impl Into<String>) -> Self {
        Self {
            aws,
            bucket: bucket.into(),
        }
    }

    /// Tries once to get the lock.
    ///
    /// # Errors
    /// [`Error::Call`] if S3 does not answer or refuses.
    pub async fn attempt(&self, holder: &Holder, over: TakeOver<'_>) -> Result<Attempt, Error> {
        if let Some(held) = self.write(holder, Condition::Absent).await.transpose() {
            return match held {
                Err(error) if error.has_code("NoSuchBucket") => Ok(Attempt::NoBucket),
                held => held.map(Attempt::Held),
            };
        }
        let Some(Found {
            holder: other,
            version,
            age,
        }) = self.read().await?
        else {
            // The other run ended in between: the next attempt will tell.
            return Ok(Attempt::Taken {
                holder: None,
                age: Duration::ZERO,
            });
        };
        if other.as_ref() == Some(holder) {
            // The answer to an earlier try of this call was lost.
            return Ok(Attempt::Held(self.held(holder, version)));
        }
        let may_take = match over {
            TakeOver::Any => true,
            TakeOver::LeftBehind(is_dead) => age > EXPIRY || other.as_ref().is_some_and(is_dead),
        };
        if may_take {
            let held = self.write(holder, Condition::Version(&version)).await?;
            if let Some(held) = held {
                return Ok(Attempt::TakenOver(held));
            }
        }
        Ok(Attempt::Taken { holder: other, age })
    }

    /// Writes the lock; `None` if the condition does not hold.
    async fn write(
        &self,
        holder: &Holder,
        condition: Condition<'_>,
    ) -> Result<Option<HeldLock>, Error> {
        const CALL: &str = "PutObject";
        let text = serde_json::to_vec(holder).unwrap_or_default();
        let owner = self.aws.account().await?;
        let request = self.aws.s3.put_object().bucket(&self.bucket).key(LOCK);
        let request = match condition {
            Condition::Absent => request.if_none_match("*"),
            Condition::Version(version) => request.if_match(version),
        };
        let request = request.expected_bucket_owner(owner).body(text.into());
        let answer = request.content_type("application/json").send().await;
        match answer.map_err(Error::call(CALL, &self.bucket)) {
            Ok(answer) => {
                let lacks = Error::lacks(CALL, &self.bucket);
                let version = answer.e_tag.ok_or_else(|| lacks("an ETag"))?;
                Ok(Some(self.held(holder, version)))
            }
            Err(error) if is_other_version(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn held(&self, holder: &Holder, version: String) -> HeldLock {
        HeldLock {
            lock: self.clone(),
            holder: holder.clone(),
            version: Mutex::new(version),
        }
    }

    async fn read(&self) -> Result<Option<Found>, Error> {
        const CALL: &str = "GetObject";
        let owner = self.aws.account().await?;
        let request = self.aws.s3.get_object().bucket(&self.bucket).key(LOCK);
        let answer = request.expected_bucket_owner(owner).send().await;
        let Some(answer) = if_found(answer.map_err(Error::call(CALL, &self.bucket)))? else {
            return Ok(None);
        };
        let lacks = Error::lacks(CALL, &self.bucket);
        let version = answer.e_tag().ok_or_else(|| lacks("an ETag"))?.to_owned();
        let age = answer.last_modified().map(age).unwrap_or_default();
        let body = answer.body.collect().await;
        let body = body.map_err(|_| lacks("a whole body"))?;
        Ok(Some(Found {
            holder: serde_json::from_slice(&body.into_bytes()).ok(),
            version,
            age,
        }))
    }
}

impl HeldLock {
    /// Shows other runs that this run is still at work.
    ///
    /// # Errors
    /// [`Error::Call`] if S3 does not answer or refuses. The lock is then as old as before.
    pub async fn renew(&self) -> Result<Renewal, Error> {
        let version = self.version();
        let written = self.lock.write(&self.holder, Condition::Version(&version));
        let version = match written.await? {
            Some(renewed) => renewed.version(),
            // The answer to an earlier try of this call may have been lost.
            None => match self.lock.read().await? {
                Some(found) if found.holder.as_ref() == Some(&self.holder) => found.version,
                _ => return Ok(Renewal::Lost),
            },
        };
        *self.version.lock().unwrap_or_else(PoisonError::into_inner) = version;
        Ok(Renewal::Renewed)
    }

    /// Releases the lock. A lock that another run took over, or whose bucket is gone, stays as it is.
    ///
    /// # Errors
    /// [`Error::Call`] if S3 does not answer or refuses. The lock then expires.
    pub async fn release(&self) -> Result<(), Error> {
        match self.delete(&self.version()).await {
            Err(error) if is_other_version(&error) => {}
            Err(error) if error.is_not_found() => return Ok(()),
            other => return other,
        }
        // A renewal that was under way may have written a version that this run does not know.
        match self.lock.read().await? {
            Some(found) if found.holder.as_ref() == Some(&self.holder) => {
                self.delete(&found.version).await
            }
            _ => Ok(()),
        }
    }

    async fn delete(&self, version: &str) -> Result<(), Error> {
        let Lock { aws, bucket } = &self.lock;
        let owner = aws.account().await?;
        let request = aws.s3.delete_object().bucket(bucket).key(LOCK);
        let request = request.if_match(version).expected_bucket_owner(owner);
        let answer = request.send().await;
        answer
            .map(drop)
            .map_err(Error::call("DeleteObject", bucket))
    }

    fn version(&self) -> String {
        let version = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        version.clone()
    }
}

/// A lock as it was read.
struct Found {
    holder: Option<Holder>,
    version: String,
    age: Duration,
}

/// The time since a moment on S3's clock.
fn age(modified: &DateTime) -> Duration {
    let modified = SystemTime::try_from(*modified).unwrap_or_else(|_| SystemTime::now());
    modified.elapsed().unwrap_or_default()
}

/// Whether S3 refused a call because the object is another version than the condition says, or because another call on
/// the object was running.
fn is_other_version(error: &Error) -> bool {
    [
        "PreconditionFailed",
        "ConditionalRequestConflict",
        "NoSuchKey",
    ]
    .iter()
    .any(|code| error.has_code(code))
}
