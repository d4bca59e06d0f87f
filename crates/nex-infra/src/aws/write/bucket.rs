//! Buckets.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint,
    CreateBucketConfiguration, Delete, ExpirationStatus, LifecycleExpiration,
    LifecycleRule as S3Rule, LifecycleRuleFilter, ObjectIdentifier, PublicAccessBlockConfiguration,
    Tag as S3Tag, Tagging,
};
use nex_plan::CancelToken;

use super::Writer;
use crate::aws::Error;
use crate::aws::error::if_found;
use crate::aws::number::to_sdk;
use crate::aws::retry::Wait;
use crate::model::{Bucket, LifecycleRule};
use crate::names::Tags;
use crate::ports::Contents;

/// The Region for which S3 does not accept a location.
const DEFAULT_REGION: &str = "us-east-1";

impl Writer {
    pub(super) async fn create_bucket(
        &self,
        new: &Bucket,
        cancel: &CancelToken,
    ) -> Result<String, Error> {
        let region = self.aws.region.as_str();
        let location = Some(region).filter(|r| *r != DEFAULT_REGION);
        let configuration = CreateBucketConfiguration::builder()
            .set_location_constraint(location.map(BucketLocationConstraint::from))
            .set_tags(Some(s3_tags(&new.tags, &new.name)?))
            .build();
        let call = || async {
            let request = self.aws.s3.create_bucket().bucket(&new.name);
            let request = request.create_bucket_configuration(configuration.clone());
            let answer = request.send().await;
            answer.map_err(Error::call("CreateBucket", &new.name))
        };
        // S3 does not give out a name again at once after its bucket was deleted.
        let wait = Wait::for_release(&new.name, cancel);
        wait.until_settled(call, |e| e.has_code("OperationAborted"))
            .await?;
        // S3 itself blocks public access to a new bucket. The read back verifies that.
        tokio::try_join!(self.put_lifecycle(new), self.put_policy(new))?;
        Ok(new.name.clone())
    }

    pub(super) async fn update_bucket(&self, old: &Bucket, new: &Bucket) -> Result<(), Error> {
        let name = &new.name;
        let owner = self.aws.account().await?;
        if old.public_access_blocked != new.public_access_blocked {
            let on = Some(new.public_access_blocked);
            let block = PublicAccessBlockConfiguration::builder()
                .set_block_public_acls(on)
                .set_ignore_public_acls(on)
                .set_block_public_policy(on)
                .set_restrict_public_buckets(on)
                .build();
            let request = self
                .aws
                .s3
                .put_public_access_block()
                .bucket(name)
                .expected_bucket_owner(owner);
            let answer = request.public_access_block_configuration(block).send();
            answer
                .await
                .map_err(Error::call("PutPublicAccessBlock", name))?;
        }
        if old.lifecycle != new.lifecycle {
            self.put_lifecycle(new).await?;
        }
        if old.policy != new.policy {
            self.put_policy(new).await?;
        }
        if old.tags != new.tags {
            self.put_bucket_tags(name, &new.tags).await?;
        }
        Ok(())
    }

    /// The call replaces the whole set. nex therefore reads the tags that others have set, and keeps them.
    pub(super) async fn put_bucket_tags(&self, name: &str, new: &Tags) -> Result<(), Error> {
        let owner = self.aws.account().await?;
        let there = self
            .aws
            .s3
            .get_bucket_tagging()
            .bucket(name)
            .expected_bucket_owner(owner)
            .send()
            .await;
        let there = there.map_err(Error::call("GetBucketTagging", name));
        let there = if_found(there)?;
        let mut tags: Tags = there
            .iter()
            .flat_map(|answer| answer.tag_set())
            .map(|t| (t.key().to_owned(), t.value().to_owned()))
            .collect();
        tags.extend(new.clone());
        let tagging = Tagging::builder()
            .set_tag_set(Some(s3_tags(&tags, name)?))
            .build()
            .map_err(|_| incomplete(name))?;
        let request = self
            .aws
            .s3
            .put_bucket_tagging()
            .bucket(name)
            .expected_bucket_owner(owner);
        let answer = request.tagging(tagging).send().await;
        answer
            .map(drop)
            .map_err(Error::call("PutBucketTagging", name))
    }

    async fn put_policy(&self, new: &Bucket) -> Result<(), Error> {
        let name = &new.name;
        let owner = self.aws.account().await?;
        match &new.policy {
            Some(policy) => {
                let request = self.aws.s3.put_bucket_policy().bucket(name);
                let request = request.expected_bucket_owner(owner);
                let answer = request.policy(policy.to_string()).send().await;
                answer
                    .map(drop)
                    .map_err(Error::call("PutBucketPolicy", name))
            }
            None => {
                let request = self.aws.s3.delete_bucket_policy().bucket(name);
                let answer = request.expected_bucket_owner(owner).send().await;
                answer
                    .map(drop)
                    .map_err(Error::call("DeleteBucketPolicy", name))
            }
        }
    }

    async fn put_lifecycle(&self, new: &Bucket) -> Result<(), Error> {
        let name = &new.name;
        let owner = self.aws.account().await?;
        let rules: Option<Vec<_>> = new.lifecycle.iter().map(|(id, r)| s3_rule(id, r)).collect();
        let configuration = BucketLifecycleConfiguration::builder()
            .set_rules(rules)
            .build()
            .map_err(|_| incomplete(name))?;
        let request = self.aws.s3.put_bucket_lifecycle_configuration();
        let request = request.bucket(name).expected_bucket_owner(owner);
        let request = request.lifecycle_configuration(configuration);
        let answer = request.send().await;
        answer
            .map(drop)
            .map_err(Error::call("PutBucketLifecycleConfiguration", name))
    }

    /// Deletes a bucket. Without [`Contents::Purge`] S3 refuses to delete a bucket that is not empty.
    pub(super) async fn delete_bucket(
        &self,
        name: &str,
        contents: Contents,
        cancel: &CancelToken,
    ) -> Result<(), Error> {
        if contents == Contents::Purge {
            self.purge_bucket(name, cancel).await?;
        }
        let owner = self.aws.account().await?;
        let answer = self
            .aws
            .s3
            .delete_bucket()
            .bucket(name)
            .expected_bucket_owner(owner)
            .send()
            .await;
        answer.map(drop).map_err(Error::call("DeleteBucket", name))
    }

    async fn purge_bucket(&self, name: &str, cancel: &CancelToken) -> Result<(), Error> {
        let owner = self.aws.account().await?;
        loop {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled {
                    about: name.to_owned(),
                    state: "empty",
                });
            }
            let request = self
                .aws
                .s3
                .list_object_versions()
                .bucket(name)
                .expected_bucket_owner(owner);
            let answer = request.send().await;
            let answer = answer.map_err(Error::call("ListObjectVersions", name))?;
            let versions = answer.versions().iter();
            let versions = versions.map(|v| (v.key(), v.version_id()));
            let markers = answer.delete_markers().iter();
            let markers = markers.map(|m| (m.key(), m.version_id()));
            let objects: Vec<ObjectIdentifier> = versions
                .chain(markers)
                .filter_map(|(key, version)| {
                    let object = ObjectIdentifier::builder().key(key?);
                    object
                        .set_version_id(version.map(str::to_owned))
                        .build()
                        .ok()
                })
                .collect();
            if objects.is_empty() {
                return Ok(());
            }
            let delete = Delete::builder().set_objects(Some(objects)).quiet(true);
            let delete = delete.build().map_err(|_| incomplete(name))?;
            let request = self
                .aws
                .s3
                .delete_objects()
                .bucket(name)
                .expected_bucket_owner(owner);
            let answer = request.delete(delete).send().await;
            let answer = answer.map_err(Error::call("DeleteObjects", name))?;
            // The call succeeds even if S3 refuses some objects: without this check the loop would never end.
            if !answer.errors().is_empty() {
                return Err(Error::Unchangeable {
                    about: name.to_owned(),
                    why: "S3 refused to delete some of its objects",
                });
            }
        }
    }
}

fn incomplete(about: &str) -> Error {
    Error::Missing {
        about: about.to_owned(),
        missing: "a field that the call requires".into(),
    }
}

fn s3_tags(tags: &Tags, about: &str) -> Result<Vec<S3Tag>, Error> {
    let tag = |(key, value)| S3Tag::builder().key(key).value(value).build();
    let tags: Result<Vec<_>, _> = tags.iter().map(tag).collect();
    tags.map_err(|_| incomplete(about))
}

fn s3_rule(id: &str, rule: &LifecycleRule) -> Option<S3Rule> {
    let expiration = rule
        .after_days
        .map(|days| LifecycleExpiration::builder().days(to_sdk(days)).build());
    let abort = rule.abort_uploads_days.map(|days| {
        AbortIncompleteMultipartUpload::builder()
            .days_after_initiation(to_sdk(days))
            .build()
    });
    S3Rule::builder()
        .id(id)
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix(&rule.prefix).build())
        .set_expiration(expiration)
        .set_abort_incomplete_multipart_upload(abort)
        .build()
        .ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Arc;
    use std::thread;

    use nex_plan::CallLog;

    use super::*;
    use crate::aws::{Aws, ConnectOptions, EndpointOverride};

    const NOT_EMPTY: &str =
        "<Error><Code>BucketNotEmpty</Code><Message>not empty</Message></Error>";
    const NOTHING: &str = "<ListVersionsResult></ListVersionsResult>";

    /// Answers `answers` in turn and gives the method and path of each request.
    fn serve(answers: Vec<(u16, &'static str)>) -> (String, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = thread::spawn(move || {
            let answer = |(status, body): (u16, &str)| {
                let (stream, _) = listener.accept().expect("a connection");
                exchange(stream, status, body)
            };
            answers.into_iter().map(answer).collect()
        });
        (format!("http://{address}"), server)
    }

    fn exchange(mut stream: TcpStream, status: u16, body: &str) -> String {
        let mut reader = BufReader::new(stream.try_clone().expect("a reader"));
        let mut lines = vec![];
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a line");
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line);
        }
        let mut content = vec![0; length];
        reader.read_exact(&mut content).expect("a body");
        let answer = format!(
            "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).expect("an answer");
        let request = lines.first().map(String::as_str).unwrap_or_default();
        request.trim_end_matches(" HTTP/1.1\r\n").to_owned()
    }

    fn delete(
        contents: Contents,
        answers: Vec<(u16, &'static str)>,
    ) -> (Result<(), Error>, Vec<String>) {
        let (url, server) = serve(answers);
        let options = ConnectOptions {
            region: "eu-west-3".into(),
            account: Some("111122223333".into()),
            max_attempts: Some(1),
            endpoint: Some(EndpointOverride {
                url,
                s3_url: None,
                ca_bundle: None,
                access_key_id: "test".into(),
                secret_access_key: "test".to_owned().into(),
            }),
            calls: CallLog::default(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let result = runtime.block_on(async {
            let aws = Aws::connect(&options).await?;
            let writer = Writer::new(Arc::new(aws), "staging", BTreeMap::new());
            writer
                .delete_bucket("backups", contents, &CancelToken::default())
                .await
        });
        (result, server.join().expect("the requests"))
    }

    #[test]
    fn a_bucket_that_was_not_named_keeps_its_objects() {
        let (result, requests) = delete(Contents::Keep, vec![(409, NOT_EMPTY)]);
        assert!(result.is_err_and(|error| error.has_code("BucketNotEmpty")));
        assert_eq!(requests, ["DELETE /backups/"]);
    }

    #[test]
    fn a_bucket_that_the_operator_named_is_purged_first() {
        let (result, requests) = delete(Contents::Purge, vec![(200, NOTHING), (204, "")]);
        assert!(result.is_ok(), "{result:?}");
        assert_eq!(requests, ["GET /backups/?versions", "DELETE /backups/"]);
    }
}
