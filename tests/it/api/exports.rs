use super::{SERVICE, ask, get};
use crate::support::calls::DOCUMENT;
use crate::support::service::{As, TestService};
use actix_web::http::header::ACCEPT;
use actix_web::test::TestRequest;
use calamine::{Data, Reader as _, Xlsx};
use std::io::Cursor;

const TABLES: [&str; 7] = [
    "organisations",
    "systems",
    "attributes",
    "links",
    "memberships",
    "successions",
    "topics",
];

/// The rows of a CSV export, its header first.
async fn rows(caller: As, table: &str) -> Vec<csv::StringRecord> {
    let answer = SERVICE
        .get(caller, &format!("/api/v1/exports/{table}"))
        .await;
    assert_eq!(answer.status, 200, "{table}");
    csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(&answer.body[..])
        .records()
        .map(Result::unwrap)
        .collect()
}

#[actix_web::test]
async fn the_tables_are_listed_with_their_columns() {
    let list = get("/api/v1/exports").await.good();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), TABLES.len());
    for (item, table) in items.iter().zip(TABLES) {
        assert_eq!(item["table"], table);
        let header = rows(As::Rth, table).await.swap_remove(0);
        let columns: Vec<&str> = item["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| column.as_str().unwrap())
            .collect();
        assert_eq!(header, columns);
        assert_eq!(
            item["links"]["xlsx"],
            format!("/api/v1/exports/{table}?format=xlsx")
        );
    }
}

#[actix_web::test]
async fn organisations_are_exported_whole_and_in_order() {
    let rows = rows(As::Viewer, "organisations").await;
    let codes: Vec<&str> = rows[1..].iter().map(|row| &row[0]).collect();
    assert!(codes.is_sorted() && codes.len() > 200, "{}", codes.len());
    let oxford = rows.iter().find(|row| &row[0] == "RTH").unwrap();
    assert_eq!(
        (&oxford[1], &oxford[2], &oxford[6]),
        (
            "OXFORD UNIVERSITY HOSPITALS NHS FOUNDATION TRUST",
            "active",
            "51.76386"
        )
    );
    let closed = rows.iter().find(|row| &row[0] == "RW6").unwrap();
    assert_eq!(&closed[2], "closed");
}

#[actix_web::test]
async fn a_workbook_says_what_the_csv_says() {
    for table in TABLES {
        let path = format!("/api/v1/exports/{table}?format=xlsx");
        let answer = SERVICE.get(As::Rth, &path).await;
        assert_eq!(
            answer.header("content-type"),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        );
        assert_eq!(
            answer.header("content-disposition"),
            format!("attachment; filename=\"alongside-{table}.xlsx\"")
        );
        let mut book: Xlsx<_> =
            calamine::open_workbook_from_rs(Cursor::new(answer.body.to_vec())).unwrap();
        let formulas = book.worksheet_formula(table).unwrap();
        assert!(formulas.cells().all(|(_, _, formula)| formula.is_empty()));
        let sheet = book.worksheet_range(table).unwrap();
        let rows = rows(As::Rth, table).await;
        assert_eq!(sheet.height(), rows.len(), "{table}");
        for (cells, row) in sheet.rows().zip(&rows) {
            for (cell, field) in cells.iter().zip(row) {
                match cell {
                    Data::Empty => assert_eq!(field, ""),
                    Data::Float(number) => assert_eq!(number.to_string(), field),
                    Data::String(text) => assert_eq!(text, field),
                    other => panic!("{table}: {other:?}"),
                }
            }
        }
    }
}

#[actix_web::test]
async fn an_export_that_the_client_has_is_not_sent_again() {
    for format in ["csv", "xlsx"] {
        let path = format!("/api/v1/exports/links?format={format}");
        let first = get(&path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.len() == 34 && get(&path).await.body == first.body);
        let again = TestRequest::get()
            .uri(&path)
            .insert_header(("if-none-match", tag.as_str()));
        let again = ask(again).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{format}");
        assert_eq!(again.header("etag"), tag);
    }
}

#[actix_web::test]
async fn the_answers_of_a_site_on_its_ethos_are_not_exported() {
    let service = TestService::bundled();
    for column in rows(As::Admin, "attributes").await {
        assert!(!column[1].starts_with("ethos_"));
    }
    let path = "/api/v1/exports/attributes";
    assert_eq!(service.get(As::Nobody, path).await.status, 401);
}

#[actix_web::test]
async fn what_is_no_export_is_a_problem() {
    get("/api/v1/exports/contacts")
        .await
        .problem(404, "/problems/not-found");
    get("/api/v1/exports/links?format=ods")
        .await
        .problem(422, "/problems/invalid-request");
    get("/api/v1/exports/links?table=links")
        .await
        .problem(400, "/problems/unreadable-request");
    let accepting = |kind: &'static str| {
        ask(TestRequest::get()
            .uri("/api/v1/exports/links")
            .insert_header((ACCEPT, kind)))
    };
    accepting("application/json")
        .await
        .problem(406, "/problems/not-acceptable");
    assert_eq!(accepting("text/csv").await.status, 200);
    assert_eq!(accepting("text/*;q=0.1").await.status, 200);
}

#[actix_web::test]
async fn the_example_is_the_beginning_of_the_table() {
    let answer = get("/api/v1/exports/successions").await;
    let path = &DOCUMENT["paths"]["/api/v1/exports/{table}"]["get"];
    let example = &path["responses"]["200"]["content"]["text/csv"]["example"];
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(text.starts_with(example.as_str().unwrap()), "{text}");
}
