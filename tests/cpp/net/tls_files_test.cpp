#include "net/tls_files.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <unistd.h>

#include <gtest/gtest.h>

#include <openssl/err.h>

#include "support/loopback_server.hpp"

namespace authjwks {
namespace {

using support::TlsIdentity;
using namespace std::chrono_literals;

/// What a check says against its files, or "".
template <class Check>
std::string refusal_of(Check check) {
    try {
        check();
    } catch (const std::invalid_argument& refusal) {
        return refusal.what();
    }
    return "";
}

class GivenTlsFiles : public ::testing::Test {
  protected:
    ~GivenTlsFiles() override {
        std::filesystem::remove_all(folder);
        EXPECT_EQ(ERR_peek_error(), 0U) << "an error is left for OpenSSL's other users";
    }

    std::string written(const std::string& name, const std::string& text) const {
        std::ofstream(folder / name) << text;
        return folder / name;
    }
    static std::string refusal_of_ca(const std::string& path) {
        return refusal_of([&path] { check_ca_file(path); });
    }
    static std::string refusal_of_client(const std::string& certificate,
                                         const std::optional<std::string>& key = std::nullopt) {
        return refusal_of([&] { check_client_certificate(certificate, key); });
    }

    const std::filesystem::path folder = [] {
        auto path = std::filesystem::temp_directory_path() / ("authjwks-tls-files-" + std::to_string(getpid()));
        std::filesystem::create_directory(path);
        return path;
    }();
    const TlsIdentity identity{"DNS:client.example", 24h}, other{"DNS:client.example", 24h};
    const std::string certificate = written("certificate.pem", identity.certificate_pem()),
                      key = written("key.pem", identity.key_pem()),
                      both = written("both.pem", identity.certificate_pem() + identity.key_pem()),
                      empty = written("empty.pem", ""), missing = folder / "missing.pem",
                      encrypted = written("encrypted.pem", identity.key_pem("a password"));
};

TEST_F(GivenTlsFiles, ACertificateIsAnAuthority) {
    EXPECT_EQ(refusal_of_ca(certificate), "");
    EXPECT_EQ(refusal_of_ca(both), "");
}

TEST_F(GivenTlsFiles, AnAuthorityThatCannotBeUsedIsNamed) {
    EXPECT_EQ(refusal_of_ca(missing), "ca_file names a file that cannot be read");
    for (const std::string& path : {empty, key, written("der.cer", "\x30\x82"), folder.string()})
        EXPECT_EQ(refusal_of_ca(path), "ca_file names a file without a certificate in PEM") << path;
}

TEST_F(GivenTlsFiles, ACertificateWithItsKeyIsAClients) {
    EXPECT_EQ(refusal_of_client(both), "");
    EXPECT_EQ(refusal_of_client(certificate, key), "");
    EXPECT_EQ(refusal_of_client(both, both), "");
}

TEST_F(GivenTlsFiles, AClientsFileThatIsNotThereIsNamed) {
    EXPECT_EQ(refusal_of_client(missing), "client_cert names a file that cannot be read");
    EXPECT_EQ(refusal_of_client(certificate, missing), "client_cert names a file that cannot be read");
}

TEST_F(GivenTlsFiles, AClientsFileWithoutCertificateIsNamed) {
    EXPECT_EQ(refusal_of_client(empty), "client_cert names a file without a certificate in PEM");
    EXPECT_EQ(refusal_of_client(key, key), "client_cert names a file without a certificate in PEM");
}

TEST_F(GivenTlsFiles, AClientsFileWithoutKeyIsNamed) {
    EXPECT_EQ(refusal_of_client(certificate),
              "client_cert names a file without a private key in PEM: name the key's file as well, "
              "client_cert=(certificate, key)");
    EXPECT_EQ(refusal_of_client(certificate, certificate), "client_cert names a key file without a private key in PEM");
}

// OpenSSL would ask for the password at the terminal of the service.
TEST_F(GivenTlsFiles, AnEncryptedKeyIsRefusedWithoutAskingForItsPassword) {
    EXPECT_EQ(refusal_of_client(certificate, encrypted), "client_cert names a key that is encrypted; it must not be");
    const std::string beside = written("beside.pem", identity.certificate_pem() + identity.key_pem("a password"));
    EXPECT_EQ(refusal_of_client(beside), "client_cert names a key that is encrypted; it must not be");
}

TEST_F(GivenTlsFiles, TheKeyOfAnotherCertificateIsRefused) {
    EXPECT_EQ(refusal_of_client(certificate, written("other.pem", other.key_pem())),
              "client_cert names a key that is not that of the certificate");
}

TEST_F(GivenTlsFiles, NoRefusalNamesTheFile) {
    for (const std::string& path : {missing, empty, key})
        EXPECT_EQ(refusal_of_ca(path).find(folder.filename().string()), std::string::npos);
}

}  // namespace
}  // namespace authjwks
