//! Who may do what: every operation, by every kind of caller, on what is the caller's own, another's and nobody's.
//!
//! The rows are written here by hand, apart from the service's own rules, so that a rule changed by mistake is seen. An
//! operation without a row fails the test.

use serde_json::Value;

use crate::support::calls::{Call, Instead, calls};
use crate::support::service::{Answer, As, TestService};

/// For whom an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// Anybody, without a key.
    Everybody,
    /// Every caller with a good key.
    Callers,
    /// The site that the path names.
    Itself,
    /// That site, admins and viewers.
    ItselfAdminsViewers,
    /// That site and admins.
    ItselfAdmins,
    /// Every site, for what is its own.
    Sites,
    /// Every site and admins.
    SitesAdmins,
    /// Admins and viewers.
    AdminsViewers,
    /// Admins.
    Admins,
}

/// The rows.
const ROWS: &[(&str, For)] = &[
    ("ping", For::Everybody),
    ("status", For::Everybody),
    ("metrics", For::Everybody),
    ("show_openapi", For::Everybody),
    ("show_method", For::Everybody),
    ("show_me", For::Callers),
    ("list_matches", For::AdminsViewers),
    ("export_matches", For::AdminsViewers),
    ("show_match", For::AdminsViewers),
    ("assign_match", For::Admins),
    ("list_match_comments", For::AdminsViewers),
    ("comment_on_match", For::Admins),
    ("resolve_match", For::Admins),
    ("reopen_match", For::Admins),
    ("change_matches", For::Admins),
    ("show_pipeline", For::AdminsViewers),
    ("export_pipeline", For::AdminsViewers),
    ("show_load", For::AdminsViewers),
    ("export_load", For::AdminsViewers),
    ("make_evaluation", For::AdminsViewers),
    ("show_evaluation_picture", For::AdminsViewers),
    ("show_peer_groups", For::AdminsViewers),
    ("show_peer_picture", For::AdminsViewers),
    ("list_models", For::AdminsViewers),
    ("show_choices", For::AdminsViewers),
    ("create_model", For::Admins),
    ("show_model", For::AdminsViewers),
    ("activate_model", For::Admins),
    ("roll_back_model", For::Admins),
    ("show_model_shadow", For::AdminsViewers),
    ("list_standings", For::AdminsViewers),
    ("keep_standing", For::Admins),
    ("show_standing", For::AdminsViewers),
    ("remove_standing", For::Admins),
    ("show_stability", For::AdminsViewers),
    ("list_keys", For::Admins),
    ("create_key", For::Admins),
    ("show_key", For::Admins),
    ("rotate_key", For::Admins),
    ("revoke_key", For::Admins),
    ("list_admin_pauses", For::AdminsViewers),
    ("show_admin_pause", For::AdminsViewers),
    ("put_admin_pause", For::Admins),
    ("remove_admin_pause", For::Admins),
    ("list_admin_suggestions", For::AdminsViewers),
    ("create_admin_suggestion", For::Admins),
    ("show_admin_suggestion", For::AdminsViewers),
    ("withdraw_admin_suggestion", For::Admins),
    ("list_own_admin_suggestions", For::Itself),
    ("show_own_admin_suggestion", For::Itself),
    ("answer_admin_suggestion", For::Itself),
    ("list_programmes", For::AdminsViewers),
    ("create_programme", For::Admins),
    ("show_programme", For::AdminsViewers),
    ("change_programme", For::Admins),
    ("list_programme_members", For::AdminsViewers),
    ("add_programme_member", For::Admins),
    ("remove_programme_member", For::Admins),
    ("show_default_weights", For::AdminsViewers),
    ("change_default_weights", For::Admins),
    ("show_programme_weights", For::AdminsViewers),
    ("change_programme_weights", For::Admins),
    ("list_programme_weights", For::AdminsViewers),
    ("show_what_if", For::AdminsViewers),
    ("list_organisations", For::Callers),
    ("show_organisation", For::Callers),
    ("list_sources", For::Callers),
    ("export_table", For::Callers),
    ("list_exports", For::Callers),
    ("read_fhir_affiliation", For::Callers),
    ("read_fhir_organization", For::Callers),
    ("search_fhir_affiliations", For::Callers),
    ("search_fhir_organizations", For::Callers),
    ("show_fhir_capabilities", For::Everybody),
    ("show_default_programme", For::Callers),
    ("list_suggestions", For::ItselfAdminsViewers),
    ("make_suggestions", For::ItselfAdminsViewers),
    ("show_suggestion", For::ItselfAdminsViewers),
    ("compare_candidates", For::ItselfAdminsViewers),
    ("show_completeness", For::ItselfAdminsViewers),
    ("show_flips", For::ItselfAdminsViewers),
    ("show_workings", For::ItselfAdminsViewers),
    ("make_workings", For::ItselfAdminsViewers),
    ("show_peer_group", For::ItselfAdminsViewers),
    ("list_exclusions", For::Itself),
    ("show_exclusion", For::Itself),
    ("put_exclusion", For::Itself),
    ("withdraw_exclusion", For::Itself),
    ("show_shortlist", For::Itself),
    ("order_shortlist", For::Itself),
    ("put_shortlist_entry", For::Itself),
    ("remove_shortlist_entry", For::Itself),
    ("list_links", For::Callers),
    ("declare_link", For::Itself),
    ("show_links_declaration", For::Callers),
    ("change_links_declaration", For::Itself),
    ("withdraw_links_declaration", For::Itself),
    ("show_link", For::Callers),
    ("change_link", For::Itself),
    ("withdraw_link", For::Itself),
    ("confirm_link", For::Itself),
    ("dispute_link", For::Itself),
    ("list_networks", For::Callers),
    ("create_network", For::Admins),
    ("show_network", For::Callers),
    ("list_memberships", For::Callers),
    ("join_network", For::Itself),
    ("leave_network", For::Itself),
    ("list_bridges", For::ItselfAdminsViewers),
    ("list_topics", For::Callers),
    ("create_topic", For::Admins),
    ("list_organisation_topics", For::Callers),
    ("state_topic", For::Itself),
    ("withdraw_topic", For::Itself),
    ("list_blueprints", For::Callers),
    ("publish_blueprint", For::Itself),
    ("show_blueprint", For::Callers),
    ("change_blueprint", For::Itself),
    ("withdraw_blueprint", For::Itself),
    ("list_contacts", For::Itself),
    ("add_contact", For::Itself),
    ("show_contact", For::Itself),
    ("change_contact", For::Itself),
    ("erase_contact", For::Itself),
    ("export_contact", For::Itself),
    ("list_expertise", For::Callers),
    ("list_approaches", For::Sites),
    ("create_approach", For::Sites),
    ("show_approach", For::Sites),
    ("accept_approach", For::Sites),
    ("decline_approach", For::Sites),
    ("withdraw_approach", For::Sites),
    ("show_capacity", For::Callers),
    ("put_capacity", For::Itself),
    ("forget_capacity", For::Itself),
    ("show_pause", For::Itself),
    ("pause_site", For::Itself),
    ("resume_site", For::Itself),
    ("list_audit", For::AdminsViewers),
    ("show_audit_checkpoint", For::Admins),
    ("list_own_audit", For::Itself),
    ("list_core_systems", For::Callers),
    ("put_core_systems", For::Itself),
    ("withdraw_core_systems", For::Itself),
    ("list_vendors", For::Callers),
    ("show_ethos", For::Itself),
    ("put_ethos", For::Itself),
    ("list_attributes", For::Callers),
    ("put_attribute", For::Itself),
    ("withdraw_attribute", For::Itself),
    ("show_particulars", For::Callers),
    ("put_particulars", For::Itself),
    ("withdraw_particulars", For::Itself),
    ("show_weights", For::Itself),
    ("put_weights", For::Itself),
    ("forget_weights", For::Itself),
    ("show_visibility", For::Itself),
    ("put_visibility", For::Itself),
    ("list_history", For::ItselfAdmins),
    ("list_events", For::Sites),
    ("stream_events", For::Sites),
    ("list_webhooks", For::SitesAdmins),
    ("create_webhook", For::SitesAdmins),
    ("show_webhook", For::SitesAdmins),
    ("change_webhook", For::SitesAdmins),
    ("delete_webhook", For::SitesAdmins),
    ("rotate_webhook_secret", For::SitesAdmins),
    ("test_webhook", For::SitesAdmins),
    ("list_deliveries", For::SitesAdmins),
    ("replay_deliveries", For::SitesAdmins),
    ("show_notifications", For::Itself),
    ("put_notifications", For::Itself),
    ("create_import", For::SitesAdmins),
    ("list_imports", For::SitesAdmins),
    ("show_import", For::SitesAdmins),
    ("list_import_remarks", For::SitesAdmins),
    ("show_import_template", For::Callers),
    ("list_partnerships", For::Sites),
    ("show_partnership", For::Sites),
    ("change_partnership", For::Sites),
    ("end_partnership", For::Sites),
    ("list_check_ins", For::Sites),
    ("make_check_in", For::Sites),
    ("list_partnership_contacts", For::Sites),
    ("list_approach_contacts", For::Sites),
    ("show_balance", For::ItselfAdmins),
];

/// Operations on things with an id that belong to the caller who made them, or to the sites that agreed to them.
const OF_THE_MAKER: &[&str] = &[
    "show_import",
    "list_import_remarks",
    "show_partnership",
    "change_partnership",
    "end_partnership",
    "list_check_ins",
    "make_check_in",
    "list_partnership_contacts",
    "list_approach_contacts",
    // Of the two sites of an approach only one is among the callers here.
    "show_approach",
    "accept_approach",
    "decline_approach",
    "withdraw_approach",
];

/// The same, of which not even programme admins see another's.
const OF_THE_MAKER_ALONE: &[&str] = &[
    "show_webhook",
    "change_webhook",
    "delete_webhook",
    "rotate_webhook_secret",
    "test_webhook",
    "list_deliveries",
    "replay_deliveries",
];

/// Whose organisation, or thing, is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    /// Oxford's, as RTH asks.
    Rth,
    /// Reading's.
    Rhw,
    /// An organisation, or an id, that was never made.
    MadeUp,
}

const TARGETS: [Target; 3] = [Target::Rth, Target::Rhw, Target::MadeUp];

const CALLERS: [As; 8] = [
    As::Nobody,
    As::Bad,
    As::Revoked,
    As::Expired,
    As::Rth,
    As::Rhw,
    As::Admin,
    As::Viewer,
];

/// What must come of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It is done.
    Done,
    /// Refused for want of a good key.
    NotKnown,
    /// Refused by role, whatever the target.
    NotAllowed,
    /// Answered as if there were no such thing.
    NotThere,
}

impl Target {
    fn code(self) -> &'static str {
        match self {
            Self::Rth => "RTH",
            Self::Rhw => "RHW",
            Self::MadeUp => "ZZZ99",
        }
    }

    fn owner(self) -> Option<As> {
        match self {
            Self::Rth => Some(As::Rth),
            Self::Rhw => Some(As::Rhw),
            Self::MadeUp => None,
        }
    }
}

fn expected(call: &Call, row: For, caller: As, target: Target) -> Outcome {
    if row == For::Everybody {
        return Outcome::Done;
    }
    if matches!(caller, As::Nobody | As::Bad | As::Revoked | As::Expired) {
        return Outcome::NotKnown;
    }
    let is_itself = target.owner() == Some(caller);
    let is_site = matches!(caller, As::Rth | As::Rhw);
    let is_allowed = match row {
        For::Everybody | For::Callers => true,
        For::Itself => {
            if !is_site {
                return Outcome::NotAllowed;
            }
            is_itself
        }
        For::ItselfAdminsViewers => !is_site || is_itself,
        For::ItselfAdmins => {
            if caller == As::Viewer {
                return Outcome::NotAllowed;
            }
            !is_site || is_itself
        }
        For::Sites if !is_site => return Outcome::NotAllowed,
        For::Sites => true,
        For::SitesAdmins if caller == As::Viewer => return Outcome::NotAllowed,
        For::SitesAdmins => true,
        For::AdminsViewers if is_site => return Outcome::NotAllowed,
        For::AdminsViewers => true,
        For::Admins if caller != As::Admin => return Outcome::NotAllowed,
        For::Admins => true,
    };
    let exists = !(call.names_an_organisation() || call.names_an_id()) || target != Target::MadeUp;
    let is_makers = (OF_THE_MAKER.contains(&call.id) && is_site
        || OF_THE_MAKER_ALONE.contains(&call.id))
        && !is_itself;
    if is_allowed && exists && !is_makers {
        Outcome::Done
    } else {
        Outcome::NotThere
    }
}

/// The targets that an operation can have.
fn targets(call: &Call) -> &'static [Target] {
    if call.names_an_organisation() || call.names_an_id() {
        &TARGETS
    } else {
        &TARGETS[..1]
    }
}

/// An organisation that is none of the targets.
const SOMEBODY_ELSE: &str = "RJ7";

const MADE_UP_ID: &str = "99999999-9999-4999-8999-999999999999";

/// A service on which the operation can be asked for every target, and the id of the thing of each.
async fn prepared(call: &Call) -> (TestService, Vec<(Target, String)>) {
    let service = TestService::bundled();
    let mut ids = vec![(Target::MadeUp, MADE_UP_ID.to_owned())];
    if call.is_prepared() {
        for target in [Target::Rth, Target::Rhw] {
            // Who confirms or disputes a link is not who declared it.
            let is_other_side = call.caller() == As::Rhw;
            let (maker, code) = match (call.names_an_organisation(), is_other_side, target) {
                (true, true, Target::Rth) => (As::Rhw, "RHW"),
                (true, true, _) => (As::Rth, "RTH"),
                (true, false, _) => (target.owner().unwrap(), target.code()),
                (false, ..) if call.caller() == As::Admin => (As::Admin, target.code()),
                (false, ..) => (target.owner().unwrap(), target.code()),
            };
            let instead = Instead::from([("odsCode", code), ("candidate", SOMEBODY_ELSE)]);
            let id = call.prepare(&service, maker, &instead).await;
            if let Some(id) = id {
                ids.push((target, id));
            }
        }
    }
    (service, ids)
}

async fn ask(
    service: &TestService,
    call: &Call,
    caller: As,
    target: Target,
    ids: &[(Target, String)],
) -> Answer {
    let id = ids.iter().find(|(of, _)| *of == target);
    // Somebody else than any target stands in the other places.
    let mut instead = Instead::from([
        ("odsCode", target.code()),
        ("candidate", SOMEBODY_ELSE),
        ("with", SOMEBODY_ELSE),
        ("to", SOMEBODY_ELSE),
        ("between", "RJ7,RJ1"),
    ]);
    if let Some((_, id)) = id {
        instead.insert("id", id);
    }
    let address = call.address(&instead, |_| false);
    service.ask(caller, call.request(&address)).await
}

fn outcome(answer: &Answer) -> Option<Outcome> {
    match answer.status {
        200..=299 => Some(Outcome::Done),
        401 => Some(Outcome::NotKnown),
        403 => Some(Outcome::NotAllowed),
        404 => Some(Outcome::NotThere),
        _ => None,
    }
}

/// A failure without what names the request or the thing asked for.
fn without_names(answer: &Answer, target: Target, ids: &[(Target, String)]) -> Value {
    let mut text = String::from_utf8(answer.body.to_vec()).unwrap();
    for (_, id) in ids.iter().filter(|(of, _)| *of == target) {
        text = text.replace(id, "ID");
    }
    let mut body: Value = serde_json::from_str(&text.replace(target.code(), "CODE")).unwrap();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("traceId");
    }
    body
}

#[actix_web::test]
async fn every_operation_is_for_whom_its_row_says() {
    let mut wrong = Vec::new();
    for call in calls() {
        let Some((_, row)) = ROWS.iter().find(|(id, _)| *id == call.id) else {
            panic!("{} has no row: say for whom it is", call.id);
        };
        let (service, ids) = prepared(&call).await;
        let before = service
            .alongside
            .storage()
            .read_blocking(alongside::storage::revision::current)
            .unwrap();
        let mut refusals = Vec::new();
        for caller in CALLERS {
            for &target in targets(&call) {
                let wanted = expected(&call, *row, caller, target);
                if wanted == Outcome::Done {
                    continue;
                }
                let answer = ask(&service, &call, caller, target, &ids).await;
                if outcome(&answer) != Some(wanted) {
                    wrong.push(format!(
                        "{} {caller:?} {target:?}: {wanted:?}, not {}",
                        call.id, answer.status
                    ));
                }
                refusals.push((caller, target, without_names(&answer, target, &ids)));
            }
        }
        let after = service
            .alongside
            .storage()
            .read_blocking(alongside::storage::revision::current)
            .unwrap();
        if after != before {
            wrong.push(format!("{}: a refused request changed something", call.id));
        }
        // Another's and nobody's are refused in the same words.
        for (caller, target, body) in &refusals {
            for (_, _, other) in refusals.iter().filter(|(c, t, _)| {
                c == caller && *t == Target::MadeUp && target.owner() != Some(*caller)
            }) {
                if body != other {
                    wrong.push(format!(
                        "{} {caller:?} {target:?}: told apart: {body} {other}",
                        call.id
                    ));
                }
            }
        }
        for caller in CALLERS {
            for &target in targets(&call) {
                if expected(&call, *row, caller, target) != Outcome::Done {
                    continue;
                }
                // What was made or deleted once cannot always be made or deleted again.
                let answer = if call.only_reads() || call.method == "put" {
                    ask(&service, &call, caller, target, &ids).await
                } else {
                    let (service, ids) = prepared(&call).await;
                    ask(&service, &call, caller, target, &ids).await
                };
                if outcome(&answer) != Some(Outcome::Done) {
                    wrong.push(format!(
                        "{} {caller:?} {target:?}: {} {}",
                        call.id,
                        answer.status,
                        String::from_utf8_lossy(&answer.body)
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_row_is_of_an_operation() {
    let calls = calls();
    for (id, _) in ROWS {
        assert!(calls.iter().any(|call| call.id == *id), "{id}");
    }
}

#[actix_web::test]
async fn a_path_written_with_percent_signs_leads_past_no_rule() {
    let service = TestService::bundled();
    for path in [
        "/api/v1/%6Frganisations/RTH/contacts",
        "/api/v1/organisations/RTH/%65thos",
        "/api/v1/admin/%6Beys",
        "/api/%761/admin/keys",
        "/%61pi/v1/admin/keys",
        "/fhir/R4/%4Frganization/RTH",
    ] {
        assert_eq!(service.get(As::Nobody, path).await.status, 401, "{path}");
    }
    for path in [
        "/api/v1/organisations/%52HW/ethos",
        "/api/v1/organisations/%20RHW/contacts",
        "/api/v1/organisations/RHW%20/contacts",
        "/api/v1/organisations/r%48w/suggestions",
    ] {
        service
            .get(As::Rth, path)
            .await
            .problem(404, "/problems/organisation-not-found");
    }
    let own = service
        .get(As::Rth, "/api/v1/organisations/%52th/ethos")
        .await;
    assert_eq!(own.status, 200);
    for path in [
        "/api/v1//organisations/RTH/ethos",
        "/api/v1/organisations/RTH/ethos/",
        "/api/v1/organisations/RHW%2Fethos",
        "/api/v1/organisations/RTH/../RHW/ethos",
        "/api/v1/organisations/RTH;x/ethos",
    ] {
        let status = service.get(As::Rth, path).await.status;
        assert!(matches!(status, 400 | 404), "{path}: {status}");
    }
}
