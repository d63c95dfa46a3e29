#include "support/loopback_server.hpp"

#include <csignal>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "support/new_key.hpp"

namespace authjwks::support {
namespace {

void demand(bool held) {
    if (!held) throw std::runtime_error("a test server could not be set up");
}

/// Whether there is something to read, or the end of it, within that time.
bool readable_within(int socket, std::chrono::milliseconds duration) {
    pollfd waiting{socket, POLLIN, 0};
    return poll(&waiting, 1, static_cast<int>(duration.count())) > 0;
}

/// Whether a request is there as a whole, with the body that its Content-Length announces.
bool is_complete(std::string_view request) {
    constexpr std::string_view name = "\r\nContent-Length: ";
    const auto end = request.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    const auto length = request.find(name);
    if (length > end) return true;
    return request.size() - end - 4 >= std::stoul(std::string(request.substr(length + name.size(), 10)));
}

/// Lets the client read all that was sent: a close with bytes unread would be a reset, which may overtake it.
void end_orderly(int socket) {
    char buffer[4096];
    shutdown(socket, SHUT_WR);
    while (recv(socket, buffer, sizeof buffer, 0) > 0) continue;
}

std::string text_in(const crypto::Bio& memory) {
    char* text = nullptr;
    const auto size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

}  // namespace

TlsIdentity::TlsIdentity(const std::string& subject_alt_name, std::chrono::hours end, std::chrono::hours begin)
    : key_(new_ec_key(NID_X9_62_prime256v1)), certificate_(X509_new()) {
    X509* const certificate = certificate_.get();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), std::chrono::seconds(begin).count());
    X509_gmtime_adj(X509_getm_notAfter(certificate), std::chrono::seconds(end).count());
    X509_set_pubkey(certificate, key_.get());
    X509_NAME* const name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    const std::unique_ptr<X509_EXTENSION, crypto::Freed<X509_EXTENSION_free>> names(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject_alt_name.c_str()));
    demand(names && X509_add_ext(certificate, names.get(), -1) == 1 &&
           X509_sign(certificate, key_.get(), EVP_sha256()) > 0);
}

std::string TlsIdentity::certificate_pem() const {
    const crypto::Bio memory(BIO_new(BIO_s_mem()));
    demand(PEM_write_bio_X509(memory.get(), certificate_.get()) == 1);
    return text_in(memory);
}

std::string TlsIdentity::key_pem(const std::string& password) const {
    const crypto::Bio memory(BIO_new(BIO_s_mem()));
    const EVP_CIPHER* const cipher = password.empty() ? nullptr : EVP_aes_256_cbc();
    demand(PEM_write_bio_PKCS8PrivateKey(memory.get(), key_.get(), cipher, password.data(),
                                         static_cast<int>(password.size()), nullptr, nullptr) == 1);
    return text_in(memory);
}

bool Connection::send(std::string_view bytes) {
    if (tls_ != nullptr) return SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size())) > 0;
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool Connection::gone_within(std::chrono::milliseconds duration) const {
    char byte = 0;
    return readable_within(socket_, duration) && recv(socket_, &byte, 1, MSG_PEEK) <= 0;
}

void Connection::reset() {
    const linger at_once{1, 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void Connection::read_request() {
    char buffer[4096];
    while (!is_complete(request_)) {
        const auto size = tls_ != nullptr ? SSL_read(tls_, buffer, sizeof buffer)
                                          : static_cast<int>(recv(socket_, buffer, sizeof buffer, 0));
        if (size <= 0) return;
        request_.append(buffer, static_cast<std::size_t>(size));
        const bool is_http =
            request_.starts_with("GET ") || request_.starts_with("POST ") || request_.starts_with("CONNECT ");
        if (!is_http) return;  // another protocol, which has no blank line
    }
}

LoopbackServer::LoopbackServer(Serve serve, TlsContext tls) : serve_(std::move(serve)), tls_(std::move(tls)) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to clients that are gone
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    demand(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listener_, 16) == 0 &&
           getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

LoopbackServer::LoopbackServer(Serve serve, const TlsIdentity& identity, const TlsIdentity* client,
                               std::uint16_t version)
    : LoopbackServer(std::move(serve), [&identity, client, version] {
          TlsContext context(SSL_CTX_new(TLS_server_method()));
          SSL_CTX_set_max_proto_version(context.get(), version);
          demand(SSL_CTX_use_certificate(context.get(), identity.certificate_.get()) == 1 &&
                 SSL_CTX_use_PrivateKey(context.get(), identity.key_.get()) == 1);
          if (client != nullptr) {
              SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
              X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), client->certificate_.get());
          }
          return context;
      }()) {}

LoopbackServer::LoopbackServer(std::string answer)
    : LoopbackServer([answer = std::move(answer)](Connection& client) { client.send(answer); }) {}

LoopbackServer::~LoopbackServer() {
    thread_ = {};
    close(listener_);
}

std::string LoopbackServer::url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(port_).append(path);
}

std::vector<std::string> LoopbackServer::requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
}

void LoopbackServer::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (!readable_within(listener_, std::chrono::milliseconds(10))) continue;
        const int client = accept(listener_, nullptr, nullptr);
        if (client < 0) continue;
        const timeval wait{5, 0};
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
        setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
        serve_one(client);
        close(client);
    }
}

void LoopbackServer::serve_one(int socket) {
    const std::unique_ptr<SSL, FreeTls> tls(tls_ ? SSL_new(tls_.get()) : nullptr);
    if (tls && (SSL_set_fd(tls.get(), socket) != 1 || SSL_accept(tls.get()) != 1)) return end_orderly(socket);
    Connection client(socket, tls.get());
    client.read_request();
    {
        const std::lock_guard lock(mutex_);
        requests_.push_back(client.request());
    }
    serve_(client);
    if (tls) SSL_shutdown(tls.get());
}

}  // namespace authjwks::support
