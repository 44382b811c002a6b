#!/bin/sh
# What a container of the lab says first: where its data goes, or why it cannot go there.
data=/labo/data
if [ ! -w "$data" ]; then
  echo "✗ Le compte $(id -u) ne peut pas écrire dans $data : donnez au conteneur le vôtre, LAB_UID=\$(id -u) et LAB_GID=\$(id -g) devant docker compose." >&2
  exit 1
fi
if ! grep -q " $data " /proc/self/mountinfo; then
  echo "… $data est dans le conteneur : données, scripts et mots de passe partiront avec lui. Pour les garder : docker compose -f deploy/compose.yaml up." >&2
fi
exec "$@"
