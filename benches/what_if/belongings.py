"""What is somebody's, and in the way."""

import labs
import tools


def files_below(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def project(lab):
    folder = lab.place() / "project"
    (folder / "src").mkdir(parents=True)
    for name in ("pyproject.toml", "README.md", "src/main.py"):
        (folder / name).write_text("mine\n")
    return folder


def lost(folder, words, cwd):
    """How many of a folder's files a command changes or takes away."""
    before = files_below(folder)
    tools.run(words, cwd)
    after = files_below(folder)
    gone = sum(after.get(name) != text for name, text in before.items())
    return "none" if not gone else "all" if gone == len(before) else labs.of(gone, len(before))


def cleared_here(lab, tool, name):
    folder = project(lab)
    return lost(folder, tool.clear(name), folder)


def cleared_link(lab, tool):
    folder = project(lab)
    link = folder.parent / "link"
    link.symlink_to(folder)
    return lost(folder, tool.clear(link), folder.parent)


def cleared_folder(lab, tool):
    folder = lab.place() / "photos"
    folder.mkdir()
    (folder / "holiday").write_text("mine\n")
    return lost(folder, tool.clear(folder), folder.parent)


def own_gitignore(lab, tool):
    env = lab.place() / "env"
    env.mkdir()
    (env / ".gitignore").write_text("mine\n")
    tools.run(tool.again(env), env.parent)
    return "kept" if (env / ".gitignore").read_text() == "mine\n" else "overwritten"


def planted(lab, tool):
    """Each on its own, so that to refuse one does not hide the others."""
    names, written = ("pyvenv.cfg", ".gitignore", "bin/activate", "bin/pip", "lib"), 0
    for name in names:
        place = lab.place()
        outside, link = place / "outside", place / "env" / name
        outside.mkdir()
        (outside / "file").write_text("mine\n")
        link.parent.mkdir(parents=True)
        link.symlink_to(outside if name == "lib" else outside / "file")
        tools.run(tool.again(place / "env"), place)
        written += files_below(outside) != {"file": b"mine\n"}
    return labs.of(written, len(names))


def deleted_folder(lab):
    folder = project(lab)
    return lost(folder, [lab.rvenv, "delete", folder], folder.parent)


def deleted_project(lab):
    folder = project(lab)
    labs.must([lab.rvenv, "-p", lab.python, "."], folder)
    return lost(folder, [lab.rvenv, "delete", folder], folder.parent)
