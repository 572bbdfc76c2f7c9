//! The flags of all settings, made from their list, so that a new setting is a flag without a line here.

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};

use crate::config::{self, Config, Kind, Setting, Sources};

const FILE: &str = "config";

/// What the command line says about settings.
#[derive(Default)]
pub(super) struct SettingArgs {
    file: Option<PathBuf>,
    flags: Vec<(String, String)>,
}

impl SettingArgs {
    /// The command line with the environment of this process.
    pub(super) fn sources(&self) -> Sources {
        Sources {
            file: self.file.clone(),
            environment: config::variables(),
            flags: self.flags.clone(),
        }
    }
}

impl Args for SettingArgs {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new(FILE)
            .long(FILE)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help(format!("TOML file with settings [env: {}]", config::FILE));
        let command = command.next_line_help(true).arg(file);
        command.args(Config::settings().iter().map(flag))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut args = Self::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.file = matches.get_one::<PathBuf>(FILE).cloned();
        let given = Config::settings().iter().filter_map(|setting| {
            let text = matches.get_one::<String>(&setting.key)?;
            Some((setting.key.clone(), text.clone()))
        });
        self.flags = given.collect();
        Ok(())
    }
}

fn flag(setting: &'static Setting) -> Arg {
    let default = match setting.default.text() {
        text if text.is_empty() => String::new(),
        text => format!(" [default: {text}]"),
    };
    let arg = Arg::new(setting.key.as_str())
        .long(setting.flag())
        .value_name(setting.kind.metavariable())
        .help(format!("{}{default}", setting.meaning))
        .help_heading(setting.group);
    match setting.kind {
        // `--log-json` alone means true.
        Kind::Boolean => arg.num_args(0..=1).default_missing_value("true"),
        _ => arg,
    }
}
