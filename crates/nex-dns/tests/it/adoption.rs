//! Taking over a record that someone made by hand.

use expect_test::expect;
use nex_dns::{Goal, RecordId};
use nex_plan::{Planned, Renderer};

use crate::zones::{existing, snapshot, spec, zone};

#[test]
fn adopting_sets_the_mark_and_says_what_the_next_plan_does() {
    let spec = spec(r#"records = [{ type = "A", name = "gitlab" }, { type = "A", name = "web" }]"#);
    let mut here = existing("1", "A", "gitlab.example.com", "203.0.113.7");
    here.comment = Some("by hand".to_owned());
    let snapshot = snapshot(
        &spec,
        &zone(vec![
            here,
            existing("2", "CNAME", "web.example.com", "example.org"),
            existing("3", "MX", "example.com", "mx.example.org"),
        ]),
    );
    let adopt = |id: &str| {
        let server = Some(std::net::Ipv4Addr::new(203, 0, 113, 7));
        match snapshot.adoption(&RecordId::new(id), server) {
            Some(adoption) => {
                let then = adoption.then.as_ref().map(Planned::change);
                let then = then.map(|change| format!("then: {} {}\n", change.action, change.id));
                Renderer::plain().linted(&adoption.plan) + &then.unwrap_or_default()
            }
            None => "nothing to adopt\n".to_owned(),
        }
    };
    expect![[r#"
        ~ update  dns-record gitlab.example.com A
            comment: "by hand" -> "by hand; managed by nex (nex-staging)"

        nex-staging: 0 to create, 1 to update, 0 to replace, 0 to delete
        then: update dns-record gitlab.example.com A
    "#]]
    .assert_eq(&adopt("1"));
    expect![[r#"
        ~ update  dns-record web.example.com CNAME
            comment: (none) -> "managed by nex (nex-staging)"

        nex-staging: 0 to create, 1 to update, 0 to replace, 0 to delete
        then: delete dns-record web.example.com CNAME
    "#]]
    .assert_eq(&adopt("2"));
    // A spec can't contain MX records, and no record has the id 4.
    for id in ["3", "4"] {
        assert_eq!(adopt(id), "nothing to adopt\n");
    }
}

#[test]
fn adopting_a_record_whose_comment_has_no_room_for_the_mark_is_refused() {
    let mut told = existing("1", "A", "a.example.com", "192.0.2.1");
    told.comment = Some("x".repeat(80));
    let record = RecordId::new("1");
    let linted = snapshot(&spec(""), &zone(vec![told])).plan(&Goal::Adopt { record });
    expect![[r#"
        refused[comment-too-long] dns-record a.example.com A: with nex's mark the comment has 110 characters: Cloudflare allows 100 on this plan
          hint: shorten the record's own comment at Cloudflare by 10 characters
    "#]]
    .assert_eq(&(Renderer::plain().finding(&linted.findings()[0]) + "\n"));
    assert!(linted.approve(&[].into()).is_err());
}
