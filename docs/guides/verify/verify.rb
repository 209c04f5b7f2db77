require "openssl"

TOLERANCE = 300 # seconds that the sender's clock and yours may differ

# Whether a delivery is ours. `secrets`: every secret that is good at present; `body`: the raw bytes, before any parser.
def verify(secrets, headers, body, now = Time.now.to_i)
  id, timestamp, signatures = headers.values_at("webhook-id", "webhook-timestamp", "webhook-signature")
  return false unless id && signatures && timestamp&.match?(/\A\d{1,12}\z/)
  return false if (now - timestamp.to_i).abs > TOLERANCE

  secrets.any? do |secret|
    key = secret.delete_prefix("whsec_").unpack1("m0")
    wanted = OpenSSL::HMAC.digest("SHA256", key, "#{id}.#{timestamp}.".b + body.b)
    signatures.split(" ").any? do |signature|
      version, text = signature.split(",", 2)
      given = text.to_s.unpack1("m")
      version == "v1" && given.bytesize == wanted.bytesize && OpenSSL.fixed_length_secure_compare(given, wanted)
    end
  end
end
