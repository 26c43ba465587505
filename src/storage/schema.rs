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
        origin -> Text,
        care_settings_origin -> Text,
        position_origin -> Text,
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
        origin -> Text,
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
        origin -> Text,
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
        origin -> Text,
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
        origin -> Text,
        declared_by -> Nullable<Text>,
        evidence -> Nullable<Text>,
        answered_at -> Nullable<Timestamp>,
        version -> BigInt,
        disputed_by -> Nullable<Text>,
        dispute_reason -> Nullable<Text>,
        agreement -> Nullable<Text>,
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
        origin -> Text,
    }
}

diesel::table! {
    network_members (network, ods_code) {
        network -> Text,
        ods_code -> Text,
        joined -> Nullable<Text>,
        departed -> Nullable<Text>,
        origin -> Text,
        source -> Nullable<Text>,
        as_of -> Nullable<Text>,
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
        origin -> Text,
    }
}

diesel::table! {
    programmes (slug) {
        slug -> Text,
        name -> Text,
        is_default -> Bool,
        starts -> Nullable<Date>,
        ends -> Nullable<Date>,
        spread_load -> Bool,
        version -> BigInt,
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
        scoring -> BigInt,
        callers -> BigInt,
        choices -> BigInt,
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
        request_id -> Text,
        subject_kind -> Text,
        subject_id -> Text,
        ods_code -> Text,
        value_before -> Nullable<Text>,
        value_after -> Nullable<Text>,
        mac -> Text,
    }
}

diesel::table! {
    audit_chain (id) {
        id -> BigInt,
        begins_after -> BigInt,
        mac -> Text,
        head_sequence -> BigInt,
        head_mac -> Text,
        head_seal -> Text,
    }
}

diesel::table! {
    profile_versions (ods_code, part) {
        ods_code -> Text,
        part -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    past_facts (sequence) {
        sequence -> BigInt,
        ods_code -> Text,
        kind -> Text,
        slot -> Text,
        origin -> Text,
        fact -> Text,
        displaced_by -> Text,
        displaced_at -> Timestamp,
        is_standing -> Bool,
    }
}

diesel::table! {
    saved_weights (ods_code, criterion) {
        ods_code -> Text,
        criterion -> Text,
        weight -> Double,
    }
}

diesel::table! {
    visibility (ods_code) {
        ods_code -> Text,
        shows_expertise -> Bool,
        shows_evidence -> Bool,
    }
}

diesel::table! {
    blueprints (id) {
        id -> Text,
        ods_code -> Text,
        topic -> Text,
        title -> Text,
        url -> Text,
        contact_role -> Nullable<Text>,
        published -> Nullable<Text>,
        origin -> Text,
        source -> Text,
        as_of -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    contacts (id) {
        id -> Text,
        ods_code -> Text,
        role -> Text,
        sealed -> Text,
        created_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        prefix -> Text,
        hash -> Text,
        label -> Text,
        role -> Text,
        ods_code -> Nullable<Text>,
        created_at -> Timestamp,
        created_by -> Text,
        expires_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
        rotated_to -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    idempotency_keys (caller, key_hash) {
        caller -> Text,
        key_hash -> Text,
        request_hash -> Text,
        status -> BigInt,
        subject -> Text,
        sealed -> Text,
        created_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    imports (id) {
        id -> Text,
        kind -> Text,
        ods_code -> Nullable<Text>,
        requested_by -> Text,
        is_dry_run -> Bool,
        is_partial -> Bool,
        state -> Text,
        n_rows -> BigInt,
        n_done -> BigInt,
        n_added -> BigInt,
        n_changed -> BigInt,
        n_unchanged -> BigInt,
        n_kept -> BigInt,
        n_refused -> BigInt,
        content_hash -> Text,
        created_at -> Timestamp,
        finished_at -> Nullable<Timestamp>,
        revision -> Nullable<BigInt>,
    }
}

diesel::table! {
    import_remarks (import_id, sequence) {
        import_id -> Text,
        sequence -> BigInt,
        row_number -> BigInt,
        column_name -> Nullable<Text>,
        severity -> Text,
        reason -> Text,
    }
}

diesel::table! {
    capacities (ods_code) {
        ods_code -> Text,
        partnership_places -> Nullable<BigInt>,
        conversation_places -> Nullable<BigInt>,
        changed_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    pauses (ods_code, paused_by) {
        ods_code -> Text,
        paused_by -> Text,
        until -> Nullable<Date>,
        reason -> Nullable<Text>,
        since -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    exclusions (ods_code, excluded) {
        ods_code -> Text,
        excluded -> Text,
        sealed_reason -> Nullable<Text>,
        created_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    approaches (id) {
        id -> Text,
        sequence -> BigInt,
        from_code -> Text,
        to_code -> Text,
        a_code -> Text,
        b_code -> Text,
        kind -> Text,
        state -> Text,
        sealed_message -> Nullable<Text>,
        proposed_start -> Nullable<Date>,
        proposed_end -> Nullable<Date>,
        renews -> Nullable<Text>,
        programme -> Nullable<Text>,
        sent_at -> Timestamp,
        expires_at -> Timestamp,
        answered_at -> Nullable<Timestamp>,
        reason -> Nullable<Text>,
        reminded_at -> Nullable<Timestamp>,
        seen -> Nullable<Text>,
        fit_low -> Nullable<Double>,
        fit_expected -> Nullable<Double>,
        fit_high -> Nullable<Double>,
        from_fit -> Nullable<Double>,
        to_fit -> Nullable<Double>,
        coverage -> Nullable<Double>,
        distance_km -> Nullable<Double>,
        version -> BigInt,
    }
}

diesel::table! {
    approach_topics (approach_id, topic, direction) {
        approach_id -> Text,
        topic -> Text,
        direction -> Text,
    }
}

diesel::table! {
    partnerships (id) {
        id -> Text,
        sequence -> BigInt,
        approach_id -> Text,
        a_code -> Text,
        b_code -> Text,
        state -> Text,
        started_on -> Date,
        planned_end -> Nullable<Date>,
        sealed_goals -> Nullable<Text>,
        ended_at -> Nullable<Timestamp>,
        ended_by -> Nullable<Text>,
        end_reason -> Nullable<Text>,
        link_id -> Nullable<Text>,
        reminded_at -> Nullable<Timestamp>,
        version -> BigInt,
    }
}

diesel::table! {
    partnership_topics (partnership_id, giver, topic) {
        partnership_id -> Text,
        giver -> Text,
        topic -> Text,
    }
}

diesel::table! {
    check_ins (id) {
        id -> Text,
        sequence -> BigInt,
        partnership_id -> Text,
        ods_code -> Text,
        made_at -> Timestamp,
        usefulness -> BigInt,
        sealed_note -> Nullable<Text>,
    }
}

diesel::table! {
    check_in_topics (check_in_id, topic, direction) {
        check_in_id -> Text,
        topic -> Text,
        direction -> Text,
    }
}

diesel::table! {
    shortlists (ods_code) {
        ods_code -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    shortlist_entries (ods_code, candidate) {
        ods_code -> Text,
        candidate -> Text,
        place -> BigInt,
        sealed_label -> Nullable<Text>,
        sealed_note -> Nullable<Text>,
        added_at -> Timestamp,
    }
}

diesel::table! {
    events (sequence) {
        sequence -> BigInt,
        id -> Text,
        kind -> Text,
        recipient -> Text,
        subject -> Text,
        data -> Text,
        happened_at -> Timestamp,
    }
}

diesel::table! {
    partnership_reminders (partnership_id, ods_code, kind) {
        partnership_id -> Text,
        ods_code -> Text,
        kind -> Text,
        about -> Date,
        reminded_at -> Timestamp,
    }
}

diesel::table! {
    closures_waiting (ods_code) {
        ods_code -> Text,
        noticed_at -> Timestamp,
    }
}

diesel::table! {
    programme_members (programme, ods_code) {
        programme -> Text,
        ods_code -> Text,
        joined -> Timestamp,
        departed -> Nullable<Timestamp>,
    }
}

diesel::table! {
    programme_weight_versions (programme, version, criterion) {
        programme -> Text,
        version -> BigInt,
        criterion -> Text,
        weight -> Double,
        changed_at -> Nullable<Timestamp>,
        changed_by -> Nullable<Text>,
    }
}

diesel::table! {
    admin_suggestions (id) {
        id -> Text,
        sequence -> BigInt,
        a_code -> Text,
        b_code -> Text,
        state -> Text,
        sealed_reason -> Text,
        programme -> Nullable<Text>,
        created_at -> Timestamp,
        created_by -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    admin_suggestion_answers (suggestion_id, ods_code) {
        suggestion_id -> Text,
        ods_code -> Text,
        interested -> Bool,
        answered_at -> Timestamp,
        version -> BigInt,
    }
}

diesel::table! {
    webhooks (id) {
        id -> Text,
        owner -> Text,
        url -> Text,
        events -> Text,
        description -> Nullable<Text>,
        disabled -> Nullable<Text>,
        failing_since -> Nullable<Timestamp>,
        held_until -> Nullable<Timestamp>,
        n_failures -> BigInt,
        created_at -> Timestamp,
        after_sequence -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    webhook_secrets (webhook_id, number) {
        webhook_id -> Text,
        number -> BigInt,
        sealed -> Text,
        created_at -> Timestamp,
        expires_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    deliveries (id) {
        id -> Text,
        event_id -> Text,
        event_sequence -> BigInt,
        kind -> Text,
        channel -> Text,
        webhook_id -> Nullable<Text>,
        contact_id -> Nullable<Text>,
        state -> Text,
        attempts -> BigInt,
        created_at -> Timestamp,
        due_at -> Nullable<Timestamp>,
        claimed_until -> Nullable<Timestamp>,
        last_attempt_at -> Nullable<Timestamp>,
        status -> Nullable<BigInt>,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    delivery_position (id) {
        id -> BigInt,
        event_sequence -> BigInt,
    }
}

diesel::table! {
    notifications (ods_code) {
        ods_code -> Text,
        email -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    match_reviews (approach_id) {
        approach_id -> Text,
        assignee -> Nullable<Text>,
        resolution -> Nullable<Text>,
        sealed_reason -> Nullable<Text>,
        resolved_by -> Nullable<Text>,
        resolved_at -> Nullable<Timestamp>,
        version -> BigInt,
    }
}

diesel::table! {
    match_comments (id) {
        id -> Text,
        sequence -> BigInt,
        approach_id -> Text,
        author -> Text,
        made_at -> Timestamp,
        sealed_text -> Text,
    }
}

diesel::table! {
    standings (id) {
        id -> Text,
        sequence -> BigInt,
        revision -> BigInt,
        method_version -> Text,
        as_of -> Date,
        n_sites -> BigInt,
        kept_at -> Timestamp,
        kept_by -> Text,
    }
}

diesel::table! {
    standing_sites (standing_id, ods_code) {
        standing_id -> Text,
        ods_code -> Text,
        ranking -> Text,
    }
}

diesel::table! {
    models (id) {
        id -> Text,
        sequence -> BigInt,
        programme -> Text,
        made_at -> Timestamp,
        made_by -> Text,
        as_of -> Date,
        known_until -> Timestamp,
        revision -> BigInt,
        method_version -> Text,
        seed -> BigInt,
        weights_version -> BigInt,
        prior -> Text,
        in_use -> Text,
        learnt -> Text,
        state -> Text,
        activated_at -> Nullable<Timestamp>,
        activated_by -> Nullable<Text>,
        activated_reason -> Nullable<Text>,
        activated_version -> Nullable<BigInt>,
        version_before -> Nullable<BigInt>,
        retired_at -> Nullable<Timestamp>,
        retired_by -> Nullable<Text>,
        retired_why -> Nullable<Text>,
        retired_reason -> Nullable<Text>,
        version -> BigInt,
    }
}

diesel::table! {
    choices (ods_code, act, candidate) {
        ods_code -> Text,
        act -> Text,
        candidate -> Text,
        programme -> Text,
        made_at -> Timestamp,
        method_version -> Text,
        shown -> Nullable<Text>,
        chosen -> Nullable<BigInt>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    organisations,
    organisation_care_settings,
    core_systems,
    network_members,
    networks,
);

diesel::allow_tables_to_appear_in_same_query!(approaches, exclusions);

diesel::allow_tables_to_appear_in_same_query!(organisations, successions);

diesel::allow_tables_to_appear_in_same_query!(deliveries, events, webhooks);
