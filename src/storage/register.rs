//! Everything that scoring reads, at once: loaded with one query for each table, stored in batches.

use std::collections::BTreeMap;

use diesel::{QueryDsl as _, RunQueryDsl as _};

use crate::domain::error::{Error, Result};
use crate::domain::ids::BoardCode;
use crate::domain::organisation::Organisation;
use crate::domain::provenance::DataSet;
use crate::domain::register::Register;
use crate::storage::connection::{Connection, each_backend};
use crate::storage::data_sets::DataSetRow;
use crate::storage::failure::failed;
use crate::storage::rows::ContentIds;
use crate::storage::rows::fact::{AttributeRow, CoreSystemRow, TopicInterestRow, TopicRow};
use crate::storage::rows::organisation::{
    BoardRow, CareSettingRow, OrganisationRow, SuccessionRow, boards_by_code, settings_by_code,
};
use crate::storage::rows::relation::{LinkRow, MemberRow, NetworkRow, joined};
use crate::storage::schema::{
    attributes, boards, core_systems, data_sets, links, network_members, networks,
    organisation_care_settings, organisation_topics, organisations, successions, topics,
};
use crate::storage::{availability, blueprints, programmes, revision, visibility, weights};

/// Reads one whole table as rows.
macro_rules! whole_table {
    ($connection:expr, $table:ident, $row:ty) => {
        $table::table
            .load::<$row>(&mut $connection.database)
            .map_err(failed(concat!("reading the table ", stringify!($table))))
    };
}

/// Returns everything that is recorded, at the present revision.
///
/// Each list is ordered here by its key and not by the database, whose order of text depends on its settings: the
/// same content is the same value from either database. What [`Register`] leaves open ("as stored") is the order in
/// which it was stored.
///
/// # Errors
///
/// [`Error::Unavailable`] where the database cannot be read; [`Error::Internal`] where a stored row breaks a rule of
/// the domain, with its table and key in the cause.
pub fn load(connection: &mut Connection) -> Result<Register> {
    let (capacities, taught) = availability::all(connection)?;
    let mut register = Register {
        revision: revision::touched(connection)?.scoring,
        organisations: load_organisations(connection)?,
        successions: in_domain(
            whole_table!(connection, successions, SuccessionRow)?,
            SuccessionRow::into_domain,
        )?,
        core_systems: {
            let mut rows = whole_table!(connection, core_systems, CoreSystemRow)?;
            rows.sort_by_key(|row| row.sequence);
            in_domain(rows, CoreSystemRow::into_domain)?
        },
        attributes: in_domain(
            whole_table!(connection, attributes, AttributeRow)?,
            AttributeRow::into_domain,
        )?,
        links: {
            let mut rows = whole_table!(connection, links, LinkRow)?;
            rows.sort_by_key(|row| row.sequence);
            in_domain(rows, LinkRow::into_domain)?
        },
        networks: joined(
            whole_table!(connection, networks, NetworkRow)?,
            whole_table!(connection, network_members, MemberRow)?,
        )?,
        topics: in_domain(
            whole_table!(connection, topics, TopicRow)?,
            TopicRow::into_domain,
        )?,
        topic_interests: {
            let rows = whole_table!(connection, organisation_topics, TopicInterestRow)?;
            let mut interests = in_domain(rows, TopicInterestRow::into_domain)?;
            super::topics::with_blueprints(&mut interests, blueprints::published(connection)?);
            interests
        },
        hides_expertise: visibility::hiding_expertise(connection)?,
        saved_weights: weights::saved(connection)?,
        capacities,
        taught,
        programme: programmes::default(connection)?,
        programmes: programmes::joined(connection)?,
    };
    register.sort();
    Ok(register)
}

fn in_domain<R, D>(rows: Vec<R>, into_domain: impl FnMut(R) -> Result<D>) -> Result<Vec<D>> {
    rows.into_iter().map(into_domain).collect()
}

fn load_organisations(connection: &mut Connection) -> Result<Vec<Organisation>> {
    let boards = boards_by_code(whole_table!(connection, boards, BoardRow)?)?;
    let settings = settings_by_code(whole_table!(
        connection,
        organisation_care_settings,
        CareSettingRow
    )?)?;
    let rows = whole_table!(connection, organisations, OrganisationRow)?;
    in_domain(rows, |row| {
        let care_settings = settings.get(&row.ods_code).copied().unwrap_or_default();
        row.into_domain(&boards, care_settings)
    })
}

/// Returns whether no organisation is recorded.
///
/// # Errors
///
/// [`Error::Unavailable`] or [`Error::Internal`] where that cannot be read.
pub fn is_empty(connection: &mut Connection) -> Result<bool> {
    let found: Vec<String> = organisations::table
        .select(organisations::ods_code)
        .limit(1)
        .load(&mut connection.database)
        .map_err(failed("looking for organisations"))?;
    Ok(found.is_empty())
}

/// The most rows of one statement: with 21 columns at most, three fifths of the 32,766 values that SQLite takes, which is
/// half of PostgreSQL's limit.
const MAX_ROWS: usize = 900;

/// Adds rows to a table, many in one statement.
macro_rules! insert_all {
    ($connection:expr, $table:ident, $rows:expr) => {{
        let rows: Vec<_> = $rows;
        for rows in rows.chunks(MAX_ROWS) {
            each_backend!($connection, c => diesel::insert_into($table::table).values(rows).execute(c))
                .map_err(failed(concat!("filling the table ", stringify!($table))))?;
        }
    }};
}

/// Stores the register and its data sets into an empty database; its programme becomes the default one.
///
/// The revision is the database's own: the writing transaction raises it. Takes about linear time.
///
/// # Errors
///
/// [`Error::Internal`] where the register names an organisation that it does not hold, one board under two names, or
/// something that is stored already.
pub fn insert(
    connection: &mut Connection,
    register: &Register,
    data_sets: &[DataSet],
) -> Result<()> {
    insert_all!(connection, boards, board_rows(&register.organisations)?);
    insert_all!(
        connection,
        organisations,
        register
            .organisations
            .iter()
            .map(OrganisationRow::from)
            .collect()
    );
    insert_all!(
        connection,
        organisation_care_settings,
        care_setting_rows(&register.organisations)
    );
    insert_all!(
        connection,
        successions,
        register
            .successions
            .iter()
            .map(SuccessionRow::from)
            .collect()
    );
    let mut ids = ContentIds::of("core_systems");
    let systems = (1..).zip(&register.core_systems);
    insert_all!(
        connection,
        core_systems,
        systems
            .map(|(n, s)| CoreSystemRow::new(s, n, &mut ids))
            .collect()
    );
    insert_all!(
        connection,
        attributes,
        register.attributes.iter().map(AttributeRow::from).collect()
    );
    let mut ids = ContentIds::of("links");
    let links = (1..).zip(&register.links);
    insert_all!(
        connection,
        links,
        links
            .map(|(n, link)| LinkRow::new(link, n, &mut ids))
            .collect()
    );
    insert_all!(
        connection,
        networks,
        register.networks.iter().map(NetworkRow::from).collect()
    );
    let members = register
        .networks
        .iter()
        .flat_map(|n| n.members.iter().map(|&code| MemberRow::of(n, code)));
    insert_all!(connection, network_members, members.collect());
    // Some topics are there from the first migration on.
    for topic in register.topics.iter().map(TopicRow::from) {
        each_backend!(connection, c => diesel::insert_into(topics::table)
            .values(topic).on_conflict_do_nothing().execute(c))
        .map_err(failed("filling the table topics"))?;
    }
    let interests = register.topic_interests.iter().map(TopicInterestRow::from);
    insert_all!(connection, organisation_topics, interests.collect());
    insert_all!(
        connection,
        data_sets,
        data_sets.iter().map(DataSetRow::from).collect()
    );
    programmes::set_default(connection, &register.programme)?;
    programmes::add_joined(connection, &register.programmes)
}

fn board_rows(organisations: &[Organisation]) -> Result<Vec<BoardRow>> {
    let mut found: BTreeMap<&BoardCode, (&str, &str)> = BTreeMap::new();
    for organisation in organisations {
        for (kind, board) in [("icb", &organisation.icb), ("region", &organisation.region)] {
            let Some(board) = board else { continue };
            let named = (kind, board.name.as_str());
            if *found.entry(&board.code).or_insert(named) != named {
                let fault = format!(
                    "board {} of {} has another name or kind elsewhere",
                    board.code, organisation.ods_code
                );
                return Err(Error::Internal("storing the boards", fault.into()));
            }
        }
    }
    Ok(found
        .into_iter()
        .map(|(code, (kind, name))| BoardRow {
            code: code.to_string(),
            kind: kind.to_owned(),
            name: name.to_owned(),
        })
        .collect())
}

fn care_setting_rows(organisations: &[Organisation]) -> Vec<CareSettingRow> {
    let settings = |organisation: &Organisation| {
        let code = organisation.ods_code;
        organisation
            .care_settings
            .iter()
            .map(move |setting| CareSettingRow {
                ods_code: code.to_string(),
                care_setting: setting.to_string(),
            })
    };
    organisations.iter().flat_map(settings).collect()
}
