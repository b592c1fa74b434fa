/** A dialog over the screen. It keeps the focus, and gives it back when it closes. */

import type { ReactNode } from "react";
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { Button } from "./Button";
import "./dialog.css";

interface DialogProps {
  title: string;
  isOpen: boolean;
  /** Absent where the dialog must be answered. */
  onClose?: () => void;
  /** Whether what lies behind is hidden, because nobody is signed in who may see it. */
  isOpaque?: boolean;
  children: ReactNode;
}

export function Dialog({ title, isOpen, onClose, isOpaque, children }: DialogProps) {
  return (
    <ModalOverlay
      className="veil"
      data-opaque={isOpaque || undefined}
      isOpen={isOpen}
      isDismissable={onClose !== undefined}
      isKeyboardDismissDisabled={onClose === undefined}
      onOpenChange={(open) => !open && onClose?.()}
    >
      <Modal className="dialog">
        <AriaDialog className="dialog-body">
          <Heading slot="title" level={2}>
            {title}
          </Heading>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export interface ConfirmProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  onConfirm: () => void;
  confirm: string;
  kind?: "primary" | "danger";
  isPending?: boolean;
  children?: ReactNode;
}

/** A question before something that cannot be taken back. */
export function Confirm({ onConfirm, confirm, kind = "danger", isPending, children, ...props }: ConfirmProps) {
  return (
    <Dialog {...props}>
      {children}
      <div className="actions">
        <Button kind={kind} onPress={onConfirm} isPending={isPending}>
          {confirm}
        </Button>
        <Button onPress={props.onClose}>Cancel</Button>
      </div>
    </Dialog>
  );
}
