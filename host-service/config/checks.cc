// SPDX-License-Identifier: Apache-2.0
#include "host-service/config/checks.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <numeric>
#include <vector>

#include "common/id_list.h"
#include "common/text.h"
#include "host-service/policy/parse.h"

namespace hypertier::config {
namespace {

constexpr std::string_view kUnix = "unix:";

struct HostPort {
  std::string host;
  unsigned port;
};

// "host:port" or "[address]:port".
std::optional<HostPort> ParseHostPort(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::optional<std::uint64_t> port = ParseUint64(text.substr(colon + 1));
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    in6_addr address = {};
    if (inet_pton(AF_INET6, std::string(host).c_str(), &address) != 1) return std::nullopt;
  } else if (host.empty() || host.find_first_of(":[] /") != std::string_view::npos) {
    return std::nullopt;
  }
  return HostPort{std::string(host), static_cast<unsigned>(*port)};
}

// Names but localhost are not looked up: what they mean may change behind our back.
bool IsLoopback(const std::string& host) {
  in_addr v4 = {};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  in6_addr v6 = {};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return host == "localhost";
}

absl::Status OneOf(const std::string& text, std::initializer_list<std::string_view> choices) {
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) return absl::OkStatus();
  std::string all;
  for (const std::string_view choice : choices) all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", choice);
  return absl::InvalidArgumentError(fmt::format("\"{}\" is none of the choices; write one of {}", text, all));
}

}  // namespace

absl::Status CheckGrpcAddress(const std::string& text) {
  if (text.starts_with(kUnix)) {
    const std::string_view path = std::string_view(text).substr(kUnix.size());
    if (!path.starts_with('/')) {
      return absl::InvalidArgumentError(
          "the socket's path does not begin with /; write unix:/run/hypertier/hypertierd.sock");
    }
    constexpr std::size_t kMost = sizeof(sockaddr_un::sun_path) - 1;
    if (path.size() <= kMost) return absl::OkStatus();
    return absl::InvalidArgumentError(
        fmt::format("the socket's path is longer than {} bytes; use a shorter one", kMost));
  }
  const std::optional<HostPort> address = ParseHostPort(text);
  if (!address) {
    return absl::InvalidArgumentError(
        fmt::format("\"{}\" is no address; write unix:/path or host:port, e.g. 127.0.0.1:9840 or [::1]:9840", text));
  }
  if (IsLoopback(address->host)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("other hosts could reach \"{}\", and the connection would be neither encrypted nor authenticated: "
                  "this version does not "
                  "have TLS (tls.*) yet; use a unix socket, a loopback address, or an SSH tunnel to one",
                  text));
}

absl::Status CheckMetricsAddress(const std::string& text) {
  if (text.empty() || ParseHostPort(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("\"{}\" is no address; write host:port, e.g. 127.0.0.1:9841, or \"\" for no metrics", text));
}

absl::Status CheckStatusAddress(const std::string& text) {
  if (text.empty() || ParseHostPort(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("\"{}\" is no address; write host:port, e.g. 127.0.0.1:9842, or \"\" for no status page", text));
}

absl::Status CheckUri(const std::string& text) {
  const std::size_t scheme = text.find("://");
  if (scheme != std::string::npos && scheme > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("\"{}\" is no libvirt URI; write e.g. qemu:///system, or what `virsh uri` prints", text));
}

absl::Status CheckAbsolutePath(const std::string& text) {
  if (text.starts_with('/') && !text.ends_with('/')) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("\"{}\" is no absolute path; begin it with / and do not end it with /", text));
}

absl::Status CheckQosPolicy(const std::string& text) {
  return OneOf(text, {"off", "static", "proportional", "hotness"});
}

absl::Status CheckQosMode(const std::string& text) {
  return policy::ParseMode(text).status();
}

absl::Status CheckOnViolation(const std::string& text) {
  return OneOf(text, {"report", "pause", "destroy"});
}

absl::Status CheckNodes(const std::string& text) {
  if (text.empty() || ParseIdList(text).ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("\"{}\" is no list of NUMA nodes; write e.g. \"0-1,4\", or \"\" to have them found", text));
}

absl::Status CheckLogLevel(const std::string& text) {
  return OneOf(text, {"trace", "debug", "info", "warning", "error", "critical", "off"});
}

absl::Status CheckLogFormat(const std::string& text) {
  return OneOf(text, {"text", "json"});
}

std::optional<unsigned> ParseMode(std::string_view text) {
  unsigned mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc() || end != text.data() + text.size() || mode > 0777) return std::nullopt;
  return mode;
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replace = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({replace, row[j] + 1, row[j + 1] + 1}));
    }
  }
  return row[b.size()];
}

}  // namespace hypertier::config
