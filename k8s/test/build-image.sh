#!/usr/bin/env bash
# Builds the image of Dockerfile with neither registry nor daemon, and runs it as a pod of k8s/base would be: base image by debootstrap
# from this machine's Debian mirror, build by buildah, a Redis Cluster of redis-servers behind it. Compiles, so it takes
# minutes. Does its own set-up on a fresh Debian 12 (root or sudo).
# Usage: k8s/test/build-image.sh [--tests] [--archive FILE]
#   --tests         runs all of Slotway's tests while the image is built; some have real servers and want an idle machine
#   --archive FILE  keeps the image, as `docker load` and `kind load image-archive` take it
# JOBS: how many compilers run at the same time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
usage() { sed -n '5,8s/^# //p' "$here/build-image.sh"; }

tests=off archive=""
arguments=("$@")
while [ $# -gt 0 ]; do
  case "$1" in
    --tests) tests=on && shift ;;
    --archive)
      [ $# -ge 2 ] || { usage >&2 && exit 2; }
      archive=$(realpath -m "$2")
      shift 2
      ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done
# debootstrap, and mounts: what a pod may not, and its node may.
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "build-image: run it as root, or install sudo" >&2 && exit 1; }
  exec sudo --preserve-env=JOBS,http_proxy,https_proxy,no_proxy -- "$here/build-image.sh" "${arguments[@]}"
fi
cd "$here/../.."
# shellcheck source=scripts/packages.sh
. scripts/packages.sh
install_packages image
cd k8s
network=60
# shellcheck source=k8s/test/redis_pods.sh
. test/redis_pods.sh

readonly kMaxSize=100 # MB over the base
readonly kUser=65532
version=$(sed -n 's/^project(slotway VERSION \([0-9.]*\).*/\1/p' ../CMakeLists.txt)
image=slotway:$version

# Everything that buildah makes is in this folder, which goes at the end.
mkdir -p ../build
folder=$(mktemp -d "$(realpath ../build)/image.XXXXXX")
mkdir "$folder/tmp"
export BUILDAH_ISOLATION=chroot TMPDIR=$folder/tmp
buildah() { command buildah --storage-driver vfs --root "$folder/storage" --runroot "$folder/run" "$@"; }

clean_up() {
  local result=$? mounted
  # A build that was interrupted leaves mounts of /proc and its like, into which nothing may be deleted.
  findmnt -rno TARGET | grep "^$folder/" | sort -r >"$pods/mounted" || true
  while read -r mounted; do umount -l "$mounted" || true; done <"$pods/mounted"
  rm -rf --one-file-system "$folder"
  (exit "$result")
  end_pods
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

failures=0
# check WHAT COMMAND...: says whether it holds, and goes on.
check() {
  local what=$1
  shift
  if "$@"; then
    echo "  $what"
  else
    echo "  FAILED: $what"
    failures=$((failures + 1))
  fi
}
is_same() { [ "$1" = "$2" ] || { printf '    expected: %s\n    got:      %s\n' "$1" "$2" && return 1; }; }
is_empty() { [ -z "$1" ] || { printf '    there is: %s\n' "$1" && return 1; }; }
# exits CODE COMMAND...: ends with this code; with another one its output is shown.
exits() {
  local expected=$1 code=0
  shift
  "$@" >"$folder/output" 2>&1 || code=$?
  [ "$code" -eq "$expected" ] || { printf '    exits with %s, not %s: %s\n' "$code" "$expected" "$(cat "$folder/output")" && return 1; }
}

# --- the base ---

# sources: codename, address, suite and component of each source of Debian's that apt has, however it is written down.
sources() {
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets --format '$(CODENAME) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
    grep '^bookworm'
}

# make_base ROOT: what debian:bookworm-slim is, as far as it matters here: the essential packages and apt.
make_base() {
  local root=$1 mirror http_proxy=${http_proxy:-} https_proxy=${https_proxy:-}
  sources >"$folder/sources" || { apt-get update -q && sources >"$folder/sources"; }
  mirror=$(awk '$1 == "bookworm" { print $2; exit }' "$folder/sources")
  # Its proxy, and what it is told of dates, which a mirror that stands still needs.
  apt-config dump --format '%f "%v";%n' | grep -E '^Acquire::(https?::Proxy|Check-[A-Za-z-]+) "[^"]' >"$folder/apt.conf" || true
  eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
  export http_proxy https_proxy
  local authorities=()
  ! grep -q ' https:' "$folder/sources" || authorities=(--include=ca-certificates)
  debootstrap --variant=minbase "${authorities[@]}" bookworm "$root" "$mirror" >"$folder/debootstrap.log" 2>&1 ||
    { tail -n 20 "$folder/debootstrap.log" && return 1; }
  awk '{ print "deb", $2, $3, $4 }' "$folder/sources" >"$root/etc/apt/sources.list"
  cp "$folder/apt.conf" "$root/etc/apt/apt.conf.d/90slotway-test"
  # The machine's own authorities too.
  [ ${#authorities[@]} -eq 0 ] || cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/*.log
}

echo "a base image, by debootstrap"
start=$SECONDS
base=$(buildah from scratch)
base_root=$(buildah mount "$base")
make_base "$base_root"
buildah commit -q "$base" slotway-test-base >/dev/null
echo "  $((SECONDS - start)) s"

# --- the image ---

echo "$image, by buildah"
start=$SECONDS
buildah build --format docker --pull-never --build-arg BASE=slotway-test-base --build-arg TESTS=$tests \
  --build-arg JOBS="${JOBS:-}" --tag "$image" .. >"$folder/build.log" 2>&1 || { tail -n 60 "$folder/build.log" && exit 1; }
echo "  $((SECONDS - start)) s"
[ -z "$archive" ] || buildah push -q "$image" "docker-archive:$archive:$image"

container=$(buildah from --pull-never "$image")
root=$(buildah mount "$container")
# of_image FORMAT: of its configuration, as Go's templates name it.
of_image() { buildah inspect --type image --format "$1" "$image"; }
label() { of_image "{{index .Docker.Config.Labels \"org.opencontainers.image.$1\"}}"; }
# packages ROOT: the names of what is installed there.
packages() { dpkg-query --admindir="$1/var/lib/dpkg" -W -f '${Package}\n' | sort; }
megabytes() { du -sx --block-size=1 "$1" | awk '{ printf "%.1f", $1 / 1e6 }'; }
list='{{range .}}{{.}} {{end}}'

echo "what is in it"
check "user $kUser, by number" is_same "$kUser:$kUser" "$(of_image '{{.Docker.Config.User}}')"
# shellcheck disable=SC2016 # the container's shell
check "and so it is in a container" is_same "$kUser:$kUser" "$(buildah run "$container" -- sh -c 'echo "$(id -u):$(id -g)"')"
check "entry point: docker run $image --help" is_same "slotway " "$(of_image "{{with .Docker.Config.Entrypoint}}$list{{end}}")"
check "no command of its own" is_same "" "$(of_image "{{with .Docker.Config.Cmd}}$list{{end}}")"
check "health check by the binary" is_same "CMD slotway --health " "$(of_image "{{with .Docker.Config.Healthcheck.Test}}$list{{end}}")"
check "labels" is_same "Slotway, Apache-2.0, $version" "$(label title), $(label licenses), $(label version)"
check "slotway --version" is_same "slotway $version" "$(buildah run "$container" -- slotway --version)"
check "slotway --help" exits 0 buildah run "$container" -- slotway --help
check "without arguments it asks for what is behind it, and exits 2" exits 2 buildah run "$container" -- slotway
check "the binary is stripped" is_empty "$(readelf -SW "$root/usr/local/bin/slotway" | grep -oE '\.(symtab|debug_[a-z]+)')"
check "no library is missing" is_empty "$(buildah run "$container" -- ldd /usr/local/bin/slotway | grep 'not found')"
packages "$base_root" >"$folder/base"
packages "$root" >"$folder/all"
check "no package over the base but of libraries that it is linked with" is_empty \
  "$(comm -13 "$folder/base" "$folder/all" | comm -23 - "$root/usr/share/doc/slotway/libraries" | xargs)"
echo "  packages over the base: $(comm -13 "$folder/base" "$folder/all" | xargs)"
size=$(awk -v all="$(megabytes "$root")" -v base="$(megabytes "$base_root")" 'BEGIN { printf "%.1f", all - base }')
check "size: $size MB over the base, of $(megabytes "$base_root") MB (at most $kMaxSize)" \
  awk -v size="$size" -v most=$kMaxSize 'BEGIN { exit !(size < most) }'

# --- the image as a pod ---

# buildah's chroot isolation knows no read-only root, so this is done by hand: a mount namespace in which the container's root is
# read-only, with k8s/base's two volumes; the user, no capabilities and no new privileges, as its securityContext says; the image's
# variables. It is exec all the way, so the process that is started is Slotway.
in_pod() {
  # shellcheck disable=SC2016 # the inner shell's
  exec unshare --mount -- bash -euc '
    root=$1 volumes=$2 user=$3
    shift 3
    mount --bind "$root" "$root"
    for folder in proc sys dev; do mount --rbind "/$folder" "$root/$folder"; done
    mount --bind -o ro "$volumes/config" "$root/etc/slotway"
    mount --bind -o ro "$volumes/secrets" "$root/run/secrets/slotway"
    mount -o remount,bind,ro "$root"
    exec chroot "$root" /usr/bin/setpriv --reuid "$user" --regid "$user" --groups "$user" --no-new-privs --inh-caps=-all \
      --bounding-set=-all -- "$@"
  ' in_pod "$root" "$pods" $kUser /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    "${variables[@]}" "$@"
}
# Of the container's root, where the runtime of a pod would make them.
mkdir -p "$root/run/secrets/slotway"
mkdir "$pods/config" "$pods/secrets"
cp base/slotway.yaml "$pods/config/"
echo "it-is-secret" >"$pods/secrets/upstream-password"
chown "root:$kUser" "$pods/secrets/upstream-password"
chmod 0440 "$pods/secrets/upstream-password"
read -ra variables <<<"$(of_image "{{with .Docker.Config.Env}}$list{{end}}")"
# What an overlay would change, and addresses of the test's own.
variables+=(SLOTWAY_UPSTREAM=127.0.61.1:6379 SLOTWAY_UPSTREAM_PASSWORD_FILE=/run/secrets/slotway/upstream-password
  "SLOTWAY_LISTEN=$slotway_address:6380" "SLOTWAY_ADMIN=$slotway_address:9380" SLOTWAY_DRAIN_DELAY=0)

# health CODE: what HEALTHCHECK does comes to this.
health() { exits "$1" bash -c "$(declare -f in_pod); $(declare -p root pods kUser variables); in_pod slotway --health"; }
is_ready() { curl -fs -o "$folder/ready" "http://$slotway_address:9380/readyz"; }
ask() { redis-cli -h "$slotway_address" -p 6380 "$@" 2>&1; }
has_ended() { ! kill -0 "${pod_pid[slotway]}"; }

echo "a Redis Cluster of three nodes with a password"
export PRIMARIES="node-0 node-1 node-2" REPLICAS="" PASSWORD_FILE=$pods/password-file.conf
echo "requirepass it-is-secret" >"$PASSWORD_FILE"
for i in 0 1 2; do
  start_pod "node-$i" "127.0.61.$((i + 1))" cluster/start_node.sh overlays/redis-cluster/redis.conf
done
in_pods cluster/create_cluster.sh >"$pods/create.log" 2>&1 || { cat "$pods/create.log" && exit 1; }

echo "$image in front of it, user $kUser, read-only root"
check "slotway --health exits 1 while nothing runs" health 1
check "and says so" grep -q "^slotway: http://$slotway_address:9380/healthz: Connection refused; start Slotway" "$folder/output"
in_pod slotway --config /etc/slotway/slotway.yaml >"$pods/slotway.log" 2>&1 &
pod_pid[slotway]=$!
until_true 20 "/readyz answers 200" is_ready
check "it runs as user $kUser, without capabilities" is_same "$kUser $kUser 0000000000000000" \
  "$(awk '/^(Uid|Gid|CapEff|CapBnd):/ { print $2 }' "/proc/${pod_pid[slotway]}/status" | uniq | xargs | sed 's/^\([0-9]*\) /\1 \1 /')"
check "its root is read-only" exits 1 bash -c "$(declare -f in_pod); $(declare -p root pods kUser variables); in_pod touch /tmp/file"
check "PING" is_same PONG "$(ask PING)"
check "SET over all nodes" is_same $'OK\nOK\nOK' "$(ask SET a 1 && ask SET b 2 && ask SET c 3)"
check "GET" is_same $'1\n2\n3' "$(ask GET a && ask GET b && ask GET c)"
check "MGET across slots" is_same $'3\n2\n1' "$(ask MGET c b a)"
check "slotway --health exits 0" health 0
kill -TERM "${pod_pid[slotway]}"
ended=0
wait "${pod_pid[slotway]}" || ended=$?
check "SIGTERM ends it with code 0" is_same 0 "$ended"
check "slotway --health exits 1 again" health 1

if [ "$failures" -gt 0 ]; then
  echo "build-image: $failures failed"
  exit 1
fi
echo "build-image: all right: $image, $size MB over the base"
