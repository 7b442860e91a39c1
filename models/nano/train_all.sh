#!/bin/sh
# Makes the nano model anew: tokenizer, fixtures, training, export, scores. The first argument is the training time in seconds.
set -eu
cd "$(dirname "$0")"
seconds="${1:-3500}"
python tokenizer.py
python write_fixtures.py
python train.py --run main --seconds "$seconds"
python export_gguf.py --checkpoint runs/main/checkpoint.pt
python evaluate.py --checkpoint runs/main/checkpoint.pt
