//! The tables as the migrations make them; the columns stand in the order of the row types that read them.

diesel::table! {
    boards (code) {
        code -> Text,
        kind -> Text,
        name -> Text,
    }
}

diesel::table! {
    organisations (ods_code) {
        ods_code -> Text,
        code_order -> BigInt,
        name -> Text,
        search_text -> Text,
        status -> Text,
        opened -> Nullable<Date>,
        closed -> Nullable<Date>,
        care_settings_source -> Nullable<Text>,
        care_settings_as_of -> Nullable<Text>,
        latitude -> Nullable<Double>,
        longitude -> Nullable<Double>,
        position_source -> Nullable<Text>,
        position_as_of -> Nullable<Text>,
        icb_code -> Nullable<Text>,
        region_code -> Nullable<Text>,
        links_complete_on -> Nullable<Date>,
        source -> Text,
        as_of -> Nullable<Text>,
    }
}

diesel::table! {
    organisation_care_settings (ods_code, care_setting) {
        ods_code -> Text,
        care_setting -> Text,
    }
}

diesel::table! {
    successions (predecessor, successor) {
        predecessor -> Text,
        successor -> Text,
        kind -> Text,
        happened -> Text,
        source -> Text,
        as_of -> Nullable<Text>,
    }
}

diesel::table! {
    core_systems (id) {
        id -> Text,
        sequence -> BigInt,
        ods_code -> Text,
        module -> Text,
        vendor -> Nullable<Text>,
        vendor_key -> Nullable<Text>,
        product -> Nullable<Text>,
        version -> Nullable<Text>,
        status -> Text,
        live -> Nullable<Text>,
        ended -> Nullable<Text>,
        source -> Text,
        as_of -> Nullable<Text>,
    }
}

diesel::table! {
    attributes (ods_code, attribute, care_setting) {
        ods_code -> Text,
        attribute -> Text,
        care_setting -> Text,
        value -> Double,
        source -> Text,
        as_of -> Nullable<Text>,
    }
}

diesel::table! {
    links (id) {
        id -> Text,
        sequence -> BigInt,
        a_code -> Text,
        b_code -> Text,
        kind -> Text,
        started -> Nullable<Text>,
        ended -> Nullable<Text>,
        standing -> Text,
        note -> Nullable<Text>,
        source -> Text,
        as_of -> Nullable<Text>,
    }
}

diesel::table! {
    networks (slug) {
        slug -> Text,
        kind -> Text,
        name -> Text,
        ended -> Nullable<Text>,
        source -> Text,
        as_of -> Nullable<Text>,
    }
}

diesel::table! {
    network_members (network, ods_code) {
        network -> Text,
        ods_code -> Text,
    }
}

diesel::table! {
    topics (slug) {
        slug -> Text,
        name -> Text,
    }
}

diesel::table! {
    organisation_topics (ods_code, topic) {
        ods_code -> Text,
        topic -> Text,
        need -> Nullable<Text>,
        stage -> Nullable<Text>,
        live_since -> Nullable<Text>,
        source -> Text,
        as_of -> Nullable<Text>,
    }
}

diesel::table! {
    programmes (slug) {
        slug -> Text,
        name -> Text,
        is_default -> Bool,
    }
}

diesel::table! {
    programme_weights (programme, criterion) {
        programme -> Text,
        criterion -> Text,
        weight -> Double,
    }
}

diesel::table! {
    data_sets (slug) {
        slug -> Text,
        title -> Text,
        publisher -> Text,
        licence -> Text,
        attribution -> Text,
        used_for -> Text,
        as_of -> Nullable<Text>,
    }
}

diesel::table! {
    revision (id) {
        id -> BigInt,
        number -> BigInt,
    }
}

diesel::table! {
    audit (sequence) {
        sequence -> BigInt,
        revision -> BigInt,
        recorded_at -> Timestamp,
        actor -> Text,
        action -> Text,
        detail -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    organisations,
    organisation_care_settings,
    core_systems,
    network_members,
    networks,
);
