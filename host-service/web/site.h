// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "host-service/control/snapshot.h"
#include "host-service/web/timeline.h"

namespace hypertier::web {

// Of an HTTP request, what an answer depends on.
struct Request {
  std::string_view method;
  // Without the query.
  std::string_view path;
  // Headers; empty where there are none.
  std::string_view host;
  std::string_view if_none_match;
};

struct Answer {
  unsigned status = 200;
  std::string_view content_type;
  // "no-store" and the like.
  std::string_view cache_control;
  // Empty: none.
  std::string etag;
  std::string_view body;
  // Keeps `body`; null: it is part of the program.
  std::shared_ptr<const std::string> owner = nullptr;
};

// What the page's addresses lead to. Thread-safe.
class Site {
 public:
  struct Options {
    // Of hypertierd.
    std::string version;
    // What the host calls itself.
    std::string host_name;
    // The host of the address that is listened on.
    std::string listen_host;
    std::function<absl::Time()> clock = absl::Now;
  };

  // Both must outlive it.
  Site(Options options, const control::SnapshotSource* source, const Timelines* lines);

  Answer Get(const Request& request) const;

 private:
  Answer Status(const Request& request) const;
  Answer Host(const Request& request) const;
  Answer Vm(const Request& request, const std::string& uuid) const;
  // For a document made of this snapshot and of samples taken.
  std::string Etag(const control::FleetSnapshot& fleet, std::uint64_t samples) const;

  const Options options_;
  const control::SnapshotSource* const source_;
  const Timelines* const lines_;
  // Other than that of any hypertierd before this one, whose versions began at 0, too.
  const std::string epoch_;

  // A status is the one document that grows with the fleet, and so is made at most twice a second, and no more than a
  // few are in memory for readers that take their time.
  mutable std::mutex mutex_;
  // Guarded by mutex_, as all that follows.
  mutable std::shared_ptr<const std::string> status_;
  mutable std::string status_etag_;
  mutable absl::Time status_made_ = absl::InfinitePast();
  mutable std::vector<std::weak_ptr<const std::string>> sent_;
};

}  // namespace hypertier::web
