// What the library says of a server's certificate, by the number that TLS reports.
#pragma once

#include <cstdint>

namespace authjwks::crypto {

/// Why a certificate is refused, as far as it matters to who has to mend it.
enum class CertificateCheck : std::uint8_t {
    none,         ///< there was no reason, or none was given
    wrong_host,   ///< it is for another name or address
    out_of_time,  ///< it has expired, or is not valid yet
    distrusted,   ///< anything else: no authority that is known has signed it, or it may not be used so
};

/// @param code  X509_V_OK or one of X509_V_ERR_*.
CertificateCheck certificate_check(long code);
/// The library's words for that number. Static.
const char* words_of_certificate_check(long code);

}  // namespace authjwks::crypto
