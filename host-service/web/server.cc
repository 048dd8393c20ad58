// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/server.h"

#include <microhttpd.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "host-service/web/host_check.h"
#include "host-service/web/listen_socket.h"
#include "host-service/web/sampler.h"
#include "host-service/web/site.h"
#include "host-service/web/timeline.h"

namespace hypertier::web {
namespace {

// For a request's line and headers; what does not fit is answered 431 by the library.
constexpr std::size_t kConnectionMemory = 16 << 10;

constexpr std::array kSecurity = {
    std::pair{"Content-Security-Policy",
              "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
              "base-uri 'none'; frame-ancestors 'none'; form-action 'none'"},
    std::pair{"X-Content-Type-Options", "nosniff"},
    std::pair{"Referrer-Policy", "no-referrer"},
    std::pair{"Cross-Origin-Resource-Policy", "same-origin"},
};

std::string HostName() {
  std::array<char, 256> name = {};
  if (gethostname(name.data(), name.size() - 1) != 0) return "";
  return name.data();
}

struct FreeResponse {
  void operator()(MHD_Response* response) const { MHD_destroy_response(response); }
};

void Release(void* owner) {
  delete static_cast<std::shared_ptr<const std::string>*>(owner);
}

// The library's response, which keeps the answer's body for as long as it is being sent.
std::unique_ptr<MHD_Response, FreeResponse> ResponseOf(const Answer& answer) {
  // It is only read.
  char* const body = const_cast<char*>(answer.body.data());
  std::unique_ptr<MHD_Response, FreeResponse> response(
      answer.owner == nullptr
          ? MHD_create_response_from_buffer(answer.body.size(), body, MHD_RESPMEM_PERSISTENT)
          : MHD_create_response_from_buffer_with_free_callback_cls(
                answer.body.size(), body, &Release, new std::shared_ptr<const std::string>(answer.owner)));
  if (response == nullptr) return nullptr;
  const auto add = [&](const char* name, std::string_view value) {
    if (!value.empty()) MHD_add_response_header(response.get(), name, std::string(value).c_str());
  };
  for (const auto& [name, value] : kSecurity) add(name, value);
  add("Content-Type", answer.content_type);
  add("Cache-Control", answer.cache_control);
  add("ETag", answer.etag);
  if (answer.status == MHD_HTTP_METHOD_NOT_ALLOWED) add("Allow", "GET, HEAD");
  return response;
}

class HttpServer final : public Server {
 public:
  HttpServer(const Options& options, const control::SnapshotSource* source)
      : sampler_(source, &lines_),
        site_({.version = options.version,
               .host_name = HostName(),
               .listen_host = std::string(WithoutPort(options.listen))},
              source, &lines_) {}

  ~HttpServer() override {
    if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
  }

  absl::Status Serve(const Options& options) {
    absl::StatusOr<ListenSocket> socket = Listen(options.listen);
    if (!socket.ok()) return socket.status();
    socket_ = *std::move(socket);
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | (socket_.is_ipv6 ? MHD_USE_IPv6 : 0);
    daemon_ =
        MHD_start_daemon(flags, 0, nullptr, nullptr, &HttpServer::OnRequest, this,                               //
                         MHD_OPTION_LISTEN_SOCKET, socket_.fd.get(),                                             //
                         MHD_OPTION_CONNECTION_LIMIT, options.connections,                                       //
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionMemory,                                  //
                         MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(options.idle / absl::Seconds(1)),  //
                         MHD_OPTION_END);
    if (daemon_ == nullptr) {
      return absl::InternalError(
          "listen.status: the HTTP server does not start; raise the limits of threads and files");
    }
    // MHD_stop_daemon closes it.
    socket_.fd.release();
    return absl::OkStatus();
  }

  unsigned port() const override { return socket_.port; }

  unsigned connections() const override {
    const MHD_DaemonInfo* info = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    return info == nullptr ? 0 : info->num_connections;
  }

 private:
  // The library's thread calls it when a request's headers are there, and again with a body, if the first call has not
  // answered.
  static MHD_Result OnRequest(void* self, MHD_Connection* connection, const char* url, const char* method, const char*,
                              const char*, std::size_t*, void**) {
    const auto header = [&](const char* name) {
      const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
      return value == nullptr ? std::string_view() : std::string_view(value);
    };
    const Answer answer =
        static_cast<const HttpServer*>(self)->site_.Get({.method = method,
                                                         .path = url,
                                                         .host = header(MHD_HTTP_HEADER_HOST),
                                                         .if_none_match = header(MHD_HTTP_HEADER_IF_NONE_MATCH)});
    const auto response = ResponseOf(answer);
    return response == nullptr ? MHD_NO : MHD_queue_response(connection, answer.status, response.get());
  }

  Timelines lines_;
  Sampler sampler_;
  const Site site_;
  ListenSocket socket_;
  MHD_Daemon* daemon_ = nullptr;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Options& options, const control::SnapshotSource* source) {
  auto server = std::make_unique<HttpServer>(options, source);
  if (const absl::Status status = server->Serve(options); !status.ok()) return status;
  return server;
}

}  // namespace hypertier::web
