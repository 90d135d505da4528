//! What the lists look like: names, annotations, schemas that answers keep to, and what they cost a model.

use std::collections::BTreeSet;

use mfm::mcp::ServerOptions;
use rmcp::model::{GetPromptRequestParams, ReadResourceRequestParams};
use serde_json::{Value as Json, json};

use crate::world::{ERAS, Era, Person, World, call, run};

/// The tools of the specification.
const SPECIFIED: [&str; 11] = [
    "corrupt_mlc_data",
    "create_invalid_angles",
    "create_duplicate_treatment",
    "delete_control_points",
    "nullify_required_fields",
    "create_timestamp_inconsistency",
    "create_orphaned_record",
    "corrupt_offset_data",
    "create_meterset_inconsistency",
    "mlc_leaf_count_mismatch",
    "list_failure_modes",
];

/// What a text costs a model: a token is about four bytes of English or JSON. docs/mcp.md says so too.
fn tokens(text: &str) -> usize {
    text.len().div_ceil(4)
}

#[test]
fn the_list_of_tools_is_whole_and_cheap() {
    let world = World::new();
    run(async {
        let client = world.client(&World::options(), Era::Session, Person::who(None)).await;
        let tools = client.list_all_tools().await.unwrap();
        let names: BTreeSet<&str> = tools.iter().map(|tool| tool.name.as_ref()).collect();
        assert!(SPECIFIED.iter().all(|name| names.contains(name)), "{names:?}");
        for tool in &tools {
            let hints = tool.annotations.clone().unwrap();
            let all = [hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint];
            assert!(all.iter().all(Option::is_some), "{}", tool.name);
            assert!(
                tool.title.is_some() && tool.description.is_some() && tool.output_schema.is_some(),
                "{}",
                tool.name
            );
            assert!(tool.name.len() <= 64 && tool.description.as_ref().unwrap().len() <= 200, "{}", tool.name);
            let input = Json::Object((*tool.input_schema).clone());
            assert_eq!(input["type"], "object", "{}", tool.name);
            let text = input.to_string();
            for never in ["sql", "path", "command", "password", "$ref"] {
                assert!(!text.to_lowercase().contains(never), "{} takes {never}: {text}", tool.name);
            }
        }
        let whole = serde_json::to_string(&tools).unwrap();
        assert!(tokens(&whole) <= 4_200, "the list costs {} tokens", tokens(&whole));
        let lines: Vec<String> = tools
            .iter()
            .map(|tool| {
                let input = tool.input_schema.get("properties").and_then(Json::as_object).unwrap();
                let names = input.keys().map(String::as_str).collect::<Vec<_>>().join(" ");
                format!("{}: {names}", tool.name)
            })
            .collect();
        let all = format!("{} tools, {} tokens\n{}", tools.len(), tokens(&whole), lines.join("\n"));
        insta::assert_snapshot!(all, @r"
        26 tools, 4161 tokens
        apply_plan: handle
        audit_verify: cursor depth full target
        check: cursor database hostname now only target
        corrupt_mlc_data: corruption_type database fld_id hostname sample seed target variant
        corrupt_offset_data: corruption_type database hostname off_id sample seed target value variant
        create_duplicate_treatment: change_field database hostname sample seed target time_offset_seconds ttx_id variant
        create_invalid_angles: angle_type database fld_id hostname invalid_value sample seed target variant
        create_meterset_inconsistency: database fld_id hostname inconsistency_type sample seed target value variant
        create_orphaned_record: database hostname invalid_fk_field invalid_value record_id record_type sample seed target variant
        create_plausible_fault: database fld_id hostname mode off_id record_id record_type sample seed sit_id size target ttx_id variant
        create_timestamp_inconsistency: database hostname inconsistency_type sample seed target ttx_id variant
        delete_control_points: database fld_id hostname points_to_delete sample seed target variant
        drill: all_records controls database hostname modes now sample seed sizes sweep target
        drill_result: cursor drill
        explain: cursor op
        find: cursor database date eligible hostname kind limit machine patient target type variant
        list_failure_modes: mode
        log: before cursor limit target
        mlc_leaf_count_mismatch: database fld_id hostname mismatch_type sample seed target variant
        nullify_required_fields: database field_to_nullify hostname record_id sample seed table target variant
        plan: all database date hostname machine max_rows now params patient sample seed target tool type variant
        recover: as database hostname op target
        replay: database hostname onto target until
        revert: all cascade database force hostname last operations skip_conflicts target
        show: cursor detect diff op
        status: cursor database hostname target
        ");
    });
}

/// What each domain's own tools cost a model that serves it alone, and what those cost that every domain has.
#[test]
fn a_domain_alone_is_cheap() {
    let world = World::new();
    let costs = |id: &str, tools: &[&str]| {
        let options = ServerOptions {
            domain: vec![id.to_owned()],
            tools: tools.iter().map(|group| (*group).to_owned()).collect(),
            ..World::options()
        };
        let domain = mfm::domains::find(id).unwrap();
        let listed = run(async {
            world.client(&options, Era::Session, Person::who(None)).await.list_all_tools().await.unwrap()
        });
        let files = domain.files().map_or([""; 2], |card| [card.list, card.load]);
        let asks = |name: &str| domain.find_query(name).is_some() || files.contains(&name);
        let cost = |wanted: &dyn Fn(&str) -> bool| {
            let own: Vec<_> = listed.iter().filter(|tool| wanted(&tool.name)).collect();
            (own.len(), tokens(&serde_json::to_string(&own).unwrap()))
        };
        let breaks = |name: &str| {
            ["list_failure_modes", "create_plausible_fault"].contains(&name) || domain.find_mode(name).is_some()
        };
        [cost(&asks), cost(&breaks), cost(&|name| !asks(name) && !breaks(name))]
    };
    let (mosaiq, recordings) = (costs("mosaiq", &[]), costs("recordings", &[]));
    for (id, [asks, breaks, common]) in [("mosaiq", mosaiq), ("recordings", recordings)] {
        assert!(asks.1 < 4_000 && breaks.1 < 4_000, "{id}: asking costs {asks:?}, breaking {breaks:?}");
        assert!(common.1 < 2_000, "{id}: the common ones cost {common:?}");
    }
    assert_eq!((mosaiq[0].0, mosaiq[1].0, recordings[0].0), (0, 12, 15));
    assert!(costs("recordings", &["analysis"])[0].0 > 15, "further groups come only where they are asked for");
}

/// Tells whether a value keeps to the few words of a schema that the tools use.
fn keeps(schema: &Json, value: &Json) -> bool {
    let kind = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        _ => true,
    };
    let properties = schema["properties"].as_object().into_iter().flatten();
    kind && properties.into_iter().all(|(name, part)| value.get(name).is_none_or(|value| keeps(part, value)))
}

#[test]
fn every_answer_keeps_to_its_schema() {
    for era in ERAS {
        let world = World::new();
        run(async {
            let client = world.client(&World::options(), era, Person::who(Some(true))).await;
            let tools = client.list_all_tools().await.unwrap();
            let fault = json!({"target": "lab", "variant": "gantry", "sample": 1, "seed": 1});
            let mut seen = BTreeSet::new();
            for (tool, arguments) in [
                ("create_invalid_angles", fault),
                ("status", json!({"target": null})),
                ("log", json!({"limit": 3})),
                ("show", json!({"op": 1, "diff": true})),
                ("explain", json!({"op": 1})),
                ("find", json!({"kind": "point"})),
                ("check", json!({})),
                ("audit_verify", json!({"depth": "structure"})),
                ("plan", json!({"tool": "corrupt_mlc_data", "variant": "odd_bytes", "sample": 1})),
                ("list_failure_modes", json!({"mode": "create_invalid_angles"})),
                ("revert", json!({"all": true})),
                ("drill", json!({"modes": ["invalid_angles:gantry"], "sample": 1})),
                ("recover", json!({})),
            ] {
                let answer = call(&client, tool, arguments).await;
                let schema = tools.iter().find(|each| each.name == tool).unwrap().output_schema.clone().unwrap();
                assert!(!answer.is_error, "{tool}: {}", answer.text);
                for name in schema["properties"].as_object().unwrap().keys() {
                    assert!(answer.json.get(name).is_some(), "{tool} has no {name}: {}", answer.json);
                }
                let schema = Json::Object((*schema).clone());
                assert!(keeps(&schema, &answer.json), "{tool}: {}", answer.json);
                // Clients hold refusals against the schema too, and show nothing of one that does not keep to it.
                let refused = call(&client, tool, json!({"no_such_argument": 1})).await;
                assert!(refused.is_error && keeps(&schema, &refused.json), "{tool}: {}", refused.json);
                assert_eq!(schema.get("required"), None, "{tool}");
                assert!(!answer.text.is_empty() && answer.text.len() < 6_000, "{tool}: {}", answer.text.len());
                seen.insert(tool);
            }
            assert_eq!(seen.len(), 13);
            let drills = call(&client, "drill_result", json!({})).await.ok();
            let number = drills["drills"][0]["drill"].clone();
            assert_eq!(call(&client, "drill_result", json!({"drill": number})).await.ok()["exact"], true);
            let refused = call(&client, "drill_result", json!({"drill": 999})).await;
            assert!(refused.text.contains("drill_result without a number"), "{}", refused.text);
        });
    }
}

#[test]
fn resources_prompts_and_completion() {
    for era in ERAS {
        let world = World::new();
        world.json(&["apply", "create_invalid_angles", "--variant", "gantry", "--sample", "1", "--seed", "1", "--yes"]);
        run(async {
            let client = world.client(&World::options(), era, Person::who(None)).await;
            let resources = client.list_all_resources().await.unwrap();
            assert_eq!(resources.len(), 19);
            assert_eq!(client.list_all_resource_templates().await.unwrap().len(), 3);
            let mut uris: Vec<String> = resources.iter().map(|resource| resource.uri.clone()).collect();
            uris.extend(["mfm://operations/1".into(), "mfm://findings/lab".into()]);
            for uri in uris {
                let read = client.read_resource(ReadResourceRequestParams::new(uri.clone())).await.unwrap();
                let read = serde_json::to_value(&read.contents[0]).unwrap();
                let text = read["text"].as_str().unwrap();
                let page = uri.starts_with("failure-mode://mosaiq/");
                let said = if page { "## Data that better checks would need" } else { "{" };
                assert!(text.contains(said), "{uri}: {text}");
            }
            for missing in
                ["failure-mode://mosaiq/havoc", "mfm://operations/99", "mfm://findings/x", "file:///etc/passwd"]
            {
                let error = client.read_resource(ReadResourceRequestParams::new(missing)).await.unwrap_err();
                assert!(error.to_string().contains("no such resource"), "{missing}: {error}");
            }
            let prompts = client.list_all_prompts().await.unwrap();
            assert_eq!(prompts.len(), 4);
            for prompt in prompts {
                let arguments = json!({"target": "lab"}).as_object().cloned().unwrap();
                let params = GetPromptRequestParams::new(prompt.name).with_arguments(arguments);
                let text = serde_json::to_string(&client.get_prompt(params).await.unwrap().messages).unwrap();
                assert!(text.contains("the target lab") && !text.contains("{target}"), "{text}");
            }
            let modes =
                client.complete_resource_simple("failure-mode://mosaiq/{mode}", "mode", "invalid").await.unwrap();
            assert_eq!(serde_json::to_value(&modes).unwrap().to_string().matches("invalid_").count(), 2);
            let ops = client.complete_resource_simple("mfm://operations/{op}", "op", "").await.unwrap();
            assert!(serde_json::to_string(&ops).unwrap().contains("\"1\""));
            let targets = client.complete_prompt_simple("test_mlc_validation", "target", "l").await.unwrap();
            assert!(serde_json::to_string(&targets).unwrap().contains("\"lab\""));
        });
    }
}
