//! Calls the crate starrocks-stream-load as tests/strangers/rust_test.py tells it (see driver.py).
//!
//! open key=value... | send label file | begin label | load label table sequence file |
//! prepare label | commit label | rollback label | state label | cancel label table

use starrocks_stream_load::{
    DataFormat, StreamLoadConfig, StreamLoadManager, StreamLoadTableProperties,
};
use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Duration;

type Answer = Result<String, Box<dyn Error>>;

fn open(words: &[&str]) -> Result<StreamLoadManager, Box<dyn Error>> {
    let options: HashMap<&str, &str> = words.iter().filter_map(|w| w.split_once('=')).collect();
    let urls = options["urls"].split(',').map(str::to_string).collect();
    let config = StreamLoadConfig::builder(urls, "test".to_string(), "root".to_string())
        .password(options["password"])
        .connect_timeout(Duration::from_secs(60))
        .request_timeout(Duration::from_secs(120))
        .max_retries(0)
        .enable_multi_table_transaction(options.contains_key("multi"))
        .build();
    let mut properties = StreamLoadTableProperties::builder().table(options["table"]);
    properties = match options.get("separator") {
        Some(separator) => properties.format(DataFormat::CSV).column_separator(*separator),
        None => properties.format(DataFormat::JSON).strip_outer_array(true),
    };
    if let Some(columns) = options.get("columns") {
        properties = properties.columns(*columns);
    }
    Ok(StreamLoadManager::new(config, properties.build())?)
}

async fn answer(manager: &mut Option<StreamLoadManager>, words: &[&str]) -> Answer {
    if words[0] == "open" {
        *manager = Some(open(&words[1..])?);
        return Ok(String::new());
    }
    let loader = manager.as_ref().ok_or("nothing is open")?;
    match words {
        ["send", label, file] => {
            let reply = loader.send_single_batch(label, std::fs::read(file)?.into()).await?;
            Ok(format!("{reply:?}"))
        }
        ["begin", label] => Ok(loader.begin_transaction(label).await?.to_string()),
        ["load", label, table, sequence, file] => {
            let data = std::fs::read(file)?.into();
            let reply = loader
                .load_transaction_data(label, "test", table, sequence.parse()?, data)
                .await?;
            Ok(format!("{reply:?}"))
        }
        ["prepare", label] => Ok(format!("{:?}", loader.prepare_transaction(label).await?)),
        ["commit", label] => Ok(format!("{:?}", loader.commit_transaction(label).await?)),
        ["rollback", label] => Ok(format!("{:?}", loader.rollback_transaction(label).await?)),
        ["state", label] => Ok(format!("{:?}", loader.get_load_status(label).await?)),
        ["cancel", label, table] => {
            Ok(format!("{:?}", loader.cancel_load(label, "test", table).await?))
        }
        _ => Err(format!("no such request: {words:?}").into()),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut manager = None;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split('\t').collect();
        let (verdict, text) = match answer(&mut manager, &words).await {
            Ok(text) => ("ok", text),
            Err(error) => ("error", error.to_string()),
        };
        println!("{verdict}\t{}", text.replace(['\n', '\r'], " "));
        std::io::stdout().flush()?;
    }
    Ok(())
}
