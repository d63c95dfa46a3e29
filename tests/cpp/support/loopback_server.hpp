// A server on 127.0.0.1 that speaks raw sockets, so that a test can break HTTP in any way it likes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "crypto/handles.hpp"
#include "crypto/key.hpp"

namespace authjwks::support {

/// A self-signed certificate and its key.
class TlsIdentity {
  public:
    /// @param subject_alt_name  as OpenSSL writes it, like "IP:127.0.0.1". @param end @param begin  from now; may lie
    /// in the past.
    TlsIdentity(const std::string& subject_alt_name, std::chrono::hours end,
                std::chrono::hours begin = std::chrono::hours(-48));

    std::string certificate_pem() const;
    /// @param password  that it is encrypted with; "": it is not.
    std::string key_pem(const std::string& password = "") const;
    /// What its file in a folder of trusted certificates is called by.
    unsigned long subject_hash() const { return X509_subject_name_hash(certificate_.get()); }

  private:
    friend class LoopbackServer;
    using Certificate = std::unique_ptr<X509, crypto::Freed<X509_free>>;

    crypto::Pkey key_;
    Certificate certificate_;
};

/// One client of the server, its request already read.
class Connection {
  public:
    const std::string& request() const noexcept { return request_; }
    /// @return false once the client is gone.
    bool send(std::string_view bytes);
    /// Waits for that long at most. @return whether the client is gone.
    bool gone_within(std::chrono::milliseconds duration) const;
    /// Drops the connection with a TCP reset instead of an orderly end.
    void reset();

  private:
    friend class LoopbackServer;
    Connection(int socket, SSL* tls) : socket_(socket), tls_(tls) {}
    void read_request();

    int socket_;
    SSL* tls_;  // null: plain
    std::string request_;
};

/// Serves one connection after the other, from construction to destruction.
class LoopbackServer {
  public:
    using Serve = std::function<void(Connection&)>;

    /// @param serve  called on the server's thread; the connection ends when it returns.
    explicit LoopbackServer(Serve serve) : LoopbackServer(std::move(serve), nullptr) {}
    /// The same over TLS. @param client  the only one that is let in; null: anyone. @param version  the newest of TLS.
    LoopbackServer(Serve serve, const TlsIdentity& identity, const TlsIdentity* client = nullptr,
                   std::uint16_t version = TLS1_3_VERSION);
    /// Always the same answer.
    explicit LoopbackServer(std::string answer);
    ~LoopbackServer();
    LoopbackServer(const LoopbackServer&) = delete;
    LoopbackServer& operator=(const LoopbackServer&) = delete;

    int port() const noexcept { return port_; }
    /// `path` on this server, by http.
    std::string url(std::string_view path) const;
    /// The requests that have come so far, whole.
    std::vector<std::string> requests() const;

  private:
    struct FreeTls {
        void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
        void operator()(SSL* connection) const noexcept { SSL_free(connection); }
    };
    using TlsContext = std::unique_ptr<SSL_CTX, FreeTls>;

    LoopbackServer(Serve serve, TlsContext tls);
    void run(const std::stop_token& stop);
    void serve_one(int socket);

    Serve serve_;
    TlsContext tls_;
    int listener_ = -1;
    int port_ = 0;
    mutable std::mutex mutex_;  // guards requests_
    std::vector<std::string> requests_;
    std::jthread thread_;
};

}  // namespace authjwks::support
