// Checks of the files that HttpOptions names, so that one that cannot be used is found when it is configured.
#pragma once

#include <optional>
#include <string>

namespace authjwks {

/// @throws std::invalid_argument unless the file has a certificate in PEM.
void check_ca_file(const std::string& path);

/// @param key  of a file of its own; nothing: it is in that of the certificate. @throws std::invalid_argument unless
/// the files have a certificate and its private key in PEM, not encrypted.
void check_client_certificate(const std::string& certificate, const std::optional<std::string>& key);

}  // namespace authjwks
