//! The writer against answers of AWS that no emulator gives: recorded bodies, through the SDK.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use nex_infra::aws::{Aws, ConnectOptions, EndpointOverride, Writer};
use nex_infra::model::{DesiredResource, Key, Kind, ResourceState};
use nex_infra::{CloudWriter as _, Contents, Ids};
use nex_plan::{CallLog, CancelToken};

use crate::stored::created;
use crate::support::{spec, wanted};

/// An answer of AWS to every call of one operation.
#[derive(Clone, Copy)]
struct Answer {
    status: u16,
    body: &'static str,
}

const EMPTY: Answer = Answer {
    status: 200,
    body: "<Response/>",
};

const NO_SUCH_ENTITY: Answer = Answer {
    status: 404,
    body: "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code>\
           <Message>it is gone</Message></Error><RequestId>1</RequestId></ErrorResponse>",
};

/// AWS on loopback: gives each operation its answer, and keeps the bodies of the requests.
struct Replay {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Replay {
    fn start<const N: usize>(answers: [(&'static str, Answer); N]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(vec![]));
        let seen = Arc::clone(&requests);
        let answers = BTreeMap::from(answers);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let body = request(&stream);
                seen.lock().unwrap().push(body.clone());
                answer(stream, answers[operation(&body)]);
            }
        });
        Self { url, requests }
    }

    /// The names of the operations that were called.
    fn calls(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|r| operation(r).to_owned()).collect()
    }

    /// The body of the one call of an operation.
    fn body(&self, name: &str) -> String {
        let requests = self.requests.lock().unwrap();
        let body = requests.iter().find(|r| operation(r) == name);
        body.unwrap().clone()
    }

    async fn writer(&self) -> Writer {
        let options = ConnectOptions {
            region: "eu-west-3".to_owned(),
            account: Some("123456789012".to_owned()),
            max_attempts: Some(1),
            endpoint: Some(EndpointOverride {
                url: self.url.clone(),
                access_key_id: "key".to_owned(),
                secret_access_key: "secret".to_owned().into(),
                s3_url: None,
                ca_bundle: None,
            }),
            calls: CallLog::default(),
        };
        let aws = Box::pin(Aws::connect(&options)).await.unwrap();
        Writer::new(Arc::new(aws), "nex-staging", Default::default())
    }
}

/// The body of a request.
fn request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

fn answer(mut stream: TcpStream, Answer { status, body }: Answer) {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} OK\r\ncontent-length: {length}\r\nconnection: close\r\n");
    write!(stream, "{head}\r\n{body}").unwrap();
}

fn operation(body: &str) -> &str {
    let action = body
        .split('&')
        .find_map(|part| part.strip_prefix("Action="));
    action.expect("the operation of a query")
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(work)
}

/// A resource of the reference.
fn reference(kind: Kind) -> DesiredResource {
    let mut desired = wanted(&spec()).into_values();
    desired.find(|new| new.key().kind == kind).unwrap()
}

/// Deletes a resource of the reference that was read before.
fn delete(replay: &Replay, kind: Kind) {
    let old = created(&reference(kind));
    let name = old.key().name;
    run(async {
        let writer = replay.writer().await;
        let (ids, cancel) = (Ids::default(), CancelToken::default());
        let deleted = writer.delete(&name, &old, Contents::Keep, &ids, &cancel);
        Box::pin(deleted).await.unwrap();
    });
}

/// A list of roles may be older than the last deletion.
#[test]
fn a_role_without_the_parts_that_were_read_is_deleted_itself() {
    let replay = Replay::start([
        ("DetachRolePolicy", NO_SUCH_ENTITY),
        ("DeleteRolePolicy", NO_SUCH_ENTITY),
        ("DeleteRole", EMPTY),
    ]);
    delete(&replay, Kind::IamRole);
    let calls = replay.calls();
    assert!(calls.contains(&"DetachRolePolicy".to_owned()), "{calls:?}");
    assert_eq!(calls.last().unwrap(), "DeleteRole");
}

#[test]
fn a_profile_that_has_lost_its_role_is_deleted_itself() {
    let replay = Replay::start([
        ("RemoveRoleFromInstanceProfile", NO_SUCH_ENTITY),
        ("DeleteInstanceProfile", EMPTY),
    ]);
    delete(&replay, Kind::InstanceProfile);
    let calls = ["RemoveRoleFromInstanceProfile", "DeleteInstanceProfile"];
    assert_eq!(replay.calls(), calls);
}

#[test]
fn a_server_that_ends_while_it_starts_fails_with_the_reason_of_ec2() {
    let launched = Answer {
        status: 200,
        body: "<RunInstancesResponse><instancesSet><item><instanceId>i-1</instanceId></item></instancesSet>\
               </RunInstancesResponse>",
    };
    let ended = Answer {
        status: 200,
        body: "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>\
               <instanceState><code>48</code><name>terminated</name></instanceState>\
               <stateReason><code>Client.InternalError</code><message>Client error on launch</message></stateReason>\
               </item></instancesSet></item></reservationSet></DescribeInstancesResponse>",
    };
    let replay = Replay::start([("RunInstances", launched), ("DescribeInstances", ended)]);
    let server = reference(Kind::Instance);
    let ids = Ids::default();
    let group = Key::new(Kind::SecurityGroup, "nex-staging-gitlab");
    ids.set(group, "sg-1".to_owned());
    let error = run(async {
        let writer = replay.writer().await;
        let cancel = CancelToken::default();
        Box::pin(writer.create(&server, &ids, &cancel)).await
    });
    let error = nex_plan::chain(&error.unwrap_err());
    assert!(error.contains("Client error on launch"), "{error}");
    // A terminal state ends the wait: there is no second look.
    assert_eq!(replay.calls(), ["RunInstances", "DescribeInstances"]);
}

/// The update of a group that had `strategy` before, as it is sent.
fn group_update(strategy: &str) -> String {
    let newest = Answer {
        status: 200,
        body: "<DescribeLaunchTemplateVersionsResponse><launchTemplateVersionSet><item><versionNumber>3</versionNumber>\
               </item></launchTemplateVersionSet></DescribeLaunchTemplateVersionsResponse>",
    };
    let replay = Replay::start([
        ("DescribeLaunchTemplateVersions", newest),
        ("UpdateAutoScalingGroup", EMPTY),
    ]);
    let new = reference(Kind::AutoScalingGroup);
    let mut old = created(&new);
    if let ResourceState::AutoScalingGroup(group) = &mut old {
        group.spot_strategy = strategy.to_owned();
        group.max = 9;
    }
    run(async {
        let writer = replay.writer().await;
        let (ids, cancel) = (Ids::default(), CancelToken::default());
        let update = writer.update("group", &old, &new, &ids, &cancel);
        Box::pin(update).await.unwrap();
    });
    replay.body("UpdateAutoScalingGroup")
}

/// Auto Scaling keeps the number otherwise, and refuses the number with any other strategy.
#[test]
fn the_number_of_spot_pools_goes_with_the_strategy_that_took_it() {
    let strategy = "SpotAllocationStrategy=price-capacity-optimized";
    let pools = "SpotInstancePools=";
    let from_lowest_price = group_update("lowest-price");
    assert!(from_lowest_price.contains(strategy), "{from_lowest_price}");
    assert!(
        from_lowest_price.contains(&format!("{pools}0&")),
        "{from_lowest_price}"
    );
    let other = group_update("capacity-optimized");
    assert!(
        other.contains(strategy) && !other.contains(pools),
        "{other}"
    );
}
