package views

// pay says who can pay, and what for.
func (p BillingProps) pay(why string) string {
	if p.CanPay {
		return "Pay the invoice under Manage payment to " + why + "."
	}
	return "An owner can pay it to " + why + "."
}
