//! What pip installs in these tests, made by hand so that no network is needed: a wheel, a source archive, and a newer pip
//! repacked from the one that is there.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use walkdir::WalkDir;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A distribution: its name, its version, and files by their path in the wheel, RECORD excepted.
pub(crate) struct Wheel {
    name: String,
    version: String,
    files: Vec<(String, Vec<u8>)>,
}

impl Wheel {
    /// A module with a command of the same name that prints the version.
    pub(crate) fn demo(name: &str, version: &str) -> Self {
        let module =
            format!("__version__ = {version:?}\n\ndef main():\n    print({name:?}, __version__)\n");
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        let wheel =
            "Wheel-Version: 1.0\nGenerator: rvenv\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
        let commands = format!("[console_scripts]\n{name} = {name}:main\n");
        let info = format!("{name}-{version}.dist-info");
        let files = [
            (format!("{name}.py"), module),
            (format!("{info}/METADATA"), metadata),
            (format!("{info}/WHEEL"), wheel.to_owned()),
            (format!("{info}/entry_points.txt"), commands),
        ];
        let files = files
            .map(|(path, content)| (path, content.into_bytes()))
            .into();
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            files,
        }
    }

    /// What is installed as `name` in `site_packages`, under another version.
    pub(super) fn repacked(site_packages: &Path, name: &str, version: &str) -> Self {
        let (info, old) = installed(site_packages, name);
        let folders = [site_packages.join(name), site_packages.join(&info)];
        let entries = folders
            .iter()
            .flat_map(|folder| WalkDir::new(folder).sort_by_file_name());
        let mut files = Vec::new();
        for entry in entries
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().is_file())
        {
            let path = entry
                .path()
                .strip_prefix(site_packages)
                .unwrap()
                .to_str()
                .unwrap();
            let is_made_by_pip = ["/RECORD", "/INSTALLER", "/REQUESTED", ".pyc"]
                .iter()
                .any(|end| path.ends_with(end));
            if !is_made_by_pip {
                let content = renumbered(path, fs::read(entry.path()).unwrap(), &old, version);
                files.push((
                    path.replace(&info, &format!("{name}-{version}.dist-info")),
                    content,
                ));
            }
        }
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            files,
        }
    }

    /// Writes the wheel into `folder`.
    pub(crate) fn write(mut self, folder: &Path) -> PathBuf {
        let record = format!("{}-{}.dist-info/RECORD", self.name, self.version);
        let rows: Vec<String> = self
            .files
            .iter()
            .map(|(path, content)| row(path, content))
            .collect();
        let content = format!("{}{record},,\n", rows.concat());
        self.files.push((record, content.into_bytes()));
        let path = folder.join(format!("{}-{}-py3-none-any.whl", self.name, self.version));
        fs::create_dir_all(folder).unwrap();
        archive(&path, &self.files);
        path
    }

    /// Writes a source archive into `folder`, whose build backend (its own, so that none is fetched) gives this wheel.
    pub(super) fn write_source(self, folder: &Path) -> PathBuf {
        let stem = format!("{}-{}", self.name, self.version);
        let wheel = self.write(&folder.join("wheels-inside"));
        let backend = include_str!("backend.py");
        let project =
            "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n";
        let name = wheel.file_name().unwrap().to_str().unwrap();
        let files = [
            (
                format!("{stem}/pyproject.toml"),
                project.as_bytes().to_vec(),
            ),
            (format!("{stem}/backend.py"), backend.as_bytes().to_vec()),
            (format!("{stem}/{name}"), fs::read(&wheel).unwrap()),
        ];
        let path = folder.join(format!("{stem}.zip"));
        archive(&path, &files);
        path
    }
}

/// The name of the `.dist-info` directory of what is installed as `name`, and its version.
fn installed(site_packages: &Path, name: &str) -> (String, String) {
    let names = fs::read_dir(site_packages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut infos =
        names.filter(|info| info.starts_with(&format!("{name}-")) && info.ends_with(".dist-info"));
    let info = infos.next().unwrap();
    let version = info
        .trim_end_matches(".dist-info")
        .trim_start_matches(&format!("{name}-"))
        .to_owned();
    (info, version)
}

/// The content of a file with the version changed, where it says one.
fn renumbered(path: &str, content: Vec<u8>, old: &str, new: &str) -> Vec<u8> {
    let (before, after) = match path.rsplit_once('/') {
        Some((folder, "METADATA")) if folder.ends_with(".dist-info") => ("\nVersion: ", ""),
        Some(("pip", "__init__.py")) => ("\"", "\""),
        _ => return content,
    };
    let [old, new] = [old, new].map(|version| format!("{before}{version}{after}"));
    let text = String::from_utf8(content).unwrap();
    assert!(text.contains(&old), "{path} does not say {old:?}");
    text.replacen(&old, &new, 1).into_bytes()
}

fn row(path: &str, content: &[u8]) -> String {
    format!(
        "{path},sha256={},{}\n",
        BASE64URL_NOPAD.encode(&Sha256::digest(content)),
        content.len()
    )
}

fn archive(path: &Path, files: &[(String, Vec<u8>)]) {
    let mut archive = ZipWriter::new(fs::File::create(path).unwrap());
    for (name, content) in files {
        archive
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap();
}
