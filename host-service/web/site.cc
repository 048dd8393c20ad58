// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/site.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"
#include "host-service/web/assets.h"
#include "host-service/web/documents.h"
#include "host-service/web/host_check.h"
#include "host-service/web/json.h"

namespace hypertier::web {
namespace {

constexpr std::string_view kJson = "application/json";
// Browsers may keep a file of the page and ask each time whether it is still the same one.
constexpr std::string_view kAsk = "no-cache";
constexpr std::string_view kKeepNot = "no-store";
constexpr std::string_view kVms = "/api/v1/vms/";
constexpr absl::Duration kStatusPause = absl::Milliseconds(500);
constexpr std::size_t kMostStatuses = 4;

Answer Owned(unsigned status, std::shared_ptr<const std::string> text, std::string etag = {}) {
  Answer answer{
      .status = status, .content_type = kJson, .cache_control = kKeepNot, .etag = std::move(etag), .body = {}};
  answer.owner = std::move(text);
  answer.body = *answer.owner;
  return answer;
}

Answer Owned(unsigned status, std::string text, std::string etag = {}) {
  return Owned(status, std::make_shared<const std::string>(std::move(text)), std::move(etag));
}

Answer Error(unsigned status, std::string_view sentence) {
  JsonWriter json;
  json.BeginObject().Field("error", sentence).EndObject();
  return Owned(status, std::move(json).Take());
}

Answer NotModified(std::string etag, std::string_view cache_control) {
  return {.status = 304, .content_type = {}, .cache_control = cache_control, .etag = std::move(etag), .body = {}};
}

// An etag has its quotes, so it is in no other.
bool Has(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

Answer Page(const Request& request) {
  const std::string_view name = request.path == "/" ? "index.html" : request.path.substr(1);
  const auto assets = Assets();
  const auto asset = std::find_if(assets.begin(), assets.end(), [&](const Asset& a) { return a.name == name; });
  if (asset == assets.end()) {
    return Error(404, "there is nothing at this address; the page is at /, its figures are at /api/v1/status");
  }
  if (Has(request.if_none_match, asset->etag)) return NotModified(std::string(asset->etag), kAsk);
  return {.status = 200,
          .content_type = asset->content_type,
          .cache_control = kAsk,
          .etag = std::string(asset->etag),
          .body = asset->content};
}

}  // namespace

Site::Site(Options options, const control::SnapshotSource* source, const Timelines* lines)
    : options_(std::move(options)),
      source_(source),
      lines_(lines),
      epoch_(fmt::format("{:x}", absl::ToUnixNanos(options_.clock()))) {}

Answer Site::Get(const Request& request) const {
  if (!MayBeOurs(request.host, options_.listen_host)) {
    return Error(421,
                 "the request's Host header names another server; ask for localhost, an address, or the host of "
                 "listen.status in hypertierd's configuration");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return Error(405, "this page is for reading: only GET and HEAD are answered; changes are made over gRPC (tierctl)");
  }
  if (!request.path.starts_with('/')) return Error(400, "the path does not begin with /");
  if (request.path == "/api/v1/status") return Status(request);
  if (request.path == "/api/v1/host") return Host(request);
  if (request.path.starts_with(kVms)) return Vm(request, ToLower(request.path.substr(kVms.size())));
  return Page(request);
}

std::string Site::Etag(const control::FleetSnapshot& fleet, std::uint64_t samples) const {
  return fmt::format("\"{}-{}-{}\"", epoch_, fleet.version, samples);
}

Answer Site::Status(const Request& request) const {
  const std::lock_guard lock(mutex_);
  const absl::Time now = options_.clock();
  if (status_ == nullptr || now - status_made_ >= kStatusPause || now < status_made_) {
    const control::SnapshotPtr fleet = source_->Snapshot();
    std::string etag = Etag(*fleet, 0);
    if (Has(request.if_none_match, etag)) return NotModified(std::move(etag), kKeepNot);
    if (etag != status_etag_) {
      std::erase_if(sent_, [](const auto& sent) { return sent.expired(); });
      // One of them is status_, which goes now unless somebody still reads it.
      if (sent_.size() > kMostStatuses) {
        return Error(503, "too many slow readers; hypertierd has no more memory for them, ask again in a second");
      }
      status_ = std::make_shared<const std::string>(
          StatusDocument(*fleet, {.version = options_.version, .host_name = options_.host_name, .now = now}));
      status_etag_ = std::move(etag);
      sent_.push_back(status_);
    }
    status_made_ = now;
  }
  if (Has(request.if_none_match, status_etag_)) return NotModified(status_etag_, kKeepNot);
  return Owned(200, status_, status_etag_);
}

Answer Site::Host(const Request& request) const {
  const control::SnapshotPtr fleet = source_->Snapshot();
  std::string etag = Etag(*fleet, lines_->taken());
  if (Has(request.if_none_match, etag)) return NotModified(std::move(etag), kKeepNot);
  const About about{.version = options_.version, .host_name = options_.host_name, .now = options_.clock()};
  return Owned(200, HostDocument(*fleet, about, lines_->Host()), std::move(etag));
}

Answer Site::Vm(const Request& request, const std::string& uuid) const {
  const control::SnapshotPtr fleet = source_->Snapshot();
  const auto at = fleet->index->by_uuid.find(uuid);
  if (at == fleet->index->by_uuid.end()) return Error(404, "libvirt has no domain with this UUID");
  std::string etag = Etag(*fleet, lines_->taken());
  if (Has(request.if_none_match, etag)) return NotModified(std::move(etag), kKeepNot);
  const About about{.version = options_.version, .host_name = options_.host_name, .now = options_.clock()};
  return Owned(200, VmDocument(*fleet, *fleet->vms[at->second], about, lines_->Vm(uuid)), std::move(etag));
}

}  // namespace hypertier::web
