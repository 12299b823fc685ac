# The course's TCP task, client side, written after its screenshot. The server's port may be given.
from socket import *
from sys import argv
serverIP = '127.0.0.1'
serverPort = int(argv[1]) if len(argv) > 1 else 1060
clientSocket = socket(AF_INET, SOCK_STREAM)
clientSocket.connect((serverIP, serverPort))
while True:
    message = input('Enter message to send or type Exit to disconnect: ')
    clientSocket.send(message.encode())
    reply = clientSocket.recv(1024)
    print('Received Message from Server:', reply.decode())
    if message == 'Exit':
        break
clientSocket.close()
print('Now you are disconnected from the server')
